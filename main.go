// Codeoceanfs mounts the data assets of a Code Ocean deployment as a directory.
//
//	codeoceanfs mount --domain codeocean.example.org ~/codeocean
//	ls ~/codeocean/dataset
//	codeoceanfs umount ~/codeocean
//
// This file begins and ends the program; package fs/commands has the command
// line.
package main

import (
	"fmt"
	"os"

	"codeoceanfs/fs/commands"
	"codeoceanfs/fs/daemon"
)

func main() {
	commands.DropEmpty()
	parent := daemon.Foreground()
	ctx, stop := daemon.UntilSignalled(commands.ExitSystem)
	err := commands.App(parent).RunContext(ctx, os.Args)
	stop()
	if err == nil {
		return
	}
	code := commands.ExitStatus(err)
	if parent != nil {
		parent.Fail(err, code) // it tells the user
	} else {
		fmt.Fprintf(os.Stderr, "codeoceanfs: %v\n", err)
	}
	os.Exit(code)
}
