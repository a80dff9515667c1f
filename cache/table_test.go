package cache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/cache"
)

func length(s string) int64 { return int64(len(s)) }

func TestTableLoadsOnceForAll(t *testing.T) {
	table := cache.NewTable(t.Context(), 1000, time.Minute, length)
	var loads atomic.Int64
	begun, proceed := make(chan struct{}), make(chan struct{})
	load := func(context.Context) (string, error) {
		loads.Add(1)
		close(begun)
		<-proceed
		return "value", nil
	}
	var wg sync.WaitGroup
	get := func() {
		if v, err := table.Get(t.Context(), "k", 0, load); v != "value" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
	}
	wg.Go(get)
	<-begun
	for range 10 {
		wg.Go(get)
	}
	// One that gives up does not take the value from the others.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Get(gone, "k", 0, load); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	close(proceed)
	wg.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("loaded %d times", n)
	}
}

func TestTableForgetsFailures(t *testing.T) {
	table := cache.NewTable(t.Context(), 1000, time.Minute, length)
	failed := errors.New("failed")
	if _, err := table.Get(t.Context(), "k", 0, func(context.Context) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	v, err := table.Get(t.Context(), "k", 0, func(context.Context) (string, error) { return "value", nil })
	if v != "value" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

func TestTableAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := cache.NewTable(t.Context(), 1000, time.Minute, length)
		n := 0
		get := func(maxAge time.Duration) string {
			v, err := table.Get(t.Context(), "k", maxAge, func(context.Context) (string, error) {
				n++
				return fmt.Sprint(n), nil
			})
			if err != nil {
				t.Error(err)
			}
			return v
		}
		get(0)
		time.Sleep(time.Hour)
		if v := get(0); v != "1" {
			t.Errorf("any age: %s", v)
		}
		if v := get(time.Minute); v != "2" {
			t.Errorf("an hour old: %s", v)
		}
		table.Drop("k")
		if v := get(0); v != "3" {
			t.Errorf("dropped: %s", v)
		}
	})
}

func TestTableIsBounded(t *testing.T) {
	table := cache.NewTable(t.Context(), 100, time.Minute, length)
	put := func(key string, size int) {
		_, err := table.Get(t.Context(), key, 0, func(context.Context) (string, error) { return string(make([]byte, size)), nil })
		if err != nil {
			t.Error(err)
		}
	}
	for i := range 50 {
		put(fmt.Sprint(i), 10)
		if used, _ := table.Used(); used > 100 {
			t.Fatalf("%d of 100 in use", used)
		}
	}
	if _, ok := table.Peek("49", 0); !ok {
		t.Error("the last is not there")
	}
	if _, ok := table.Peek("0", 0); ok {
		t.Error("the first is still there")
	}
	put("huge", 1000)
	if _, ok := table.Peek("huge", 0); !ok {
		t.Error("one that is larger than the bound would be loaded each time")
	}
	if used, n := table.Used(); n != 1 || used != 1000 {
		t.Errorf("beside it %d values of %d bytes", n-1, used-1000)
	}
}

func TestTableLoadsEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := cache.NewTable(t.Context(), 100, time.Minute, length)
		_, err := table.Get(t.Context(), "k", 0, func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestTableDropDuringALoad(t *testing.T) {
	table := cache.NewTable(t.Context(), 100, time.Minute, length)
	get := func(value string) string {
		v, err := table.Get(t.Context(), "k", 0, func(context.Context) (string, error) {
			if value == "old" {
				table.Drop("k")
			}
			return value, nil
		})
		if err != nil {
			t.Error(err)
		}
		return v
	}
	get("old")
	if v := get("new"); v != "new" {
		t.Errorf("%q was kept", v)
	}
}

func TestTableLoadThatPanics(t *testing.T) {
	table := cache.NewTable(t.Context(), 100, time.Minute, length)
	_, err := table.Get(t.Context(), "k", 0, func(context.Context) (string, error) { panic("mistake") })
	if err == nil || !strings.Contains(err.Error(), "mistake") {
		t.Errorf("%v", err)
	}
}
