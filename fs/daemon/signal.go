package daemon

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// lastWords is how long the program goes on after a second signal, so that the
// first has its effect: a mount is out of the tree in a moment, and one that is
// left there without a process is in everybody's way.
const lastWords = time.Second

// UntilSignalled is a context that ends with the first SIGINT, SIGTERM or
// SIGHUP. The second ends the program with that status: whoever sends it does
// not want to wait. The function that is returned ends the context as well.
func UntilSignalled(status int) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		time.Sleep(lastWords)
		os.Exit(status)
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		cancel()
	})
}
