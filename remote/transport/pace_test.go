package transport

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"codeoceanfs/remote/fault"
)

// TestRetriesAfterALongOutage has many programs go on through an outage, each
// with the next thing when one has failed. When it is long over, what fails once
// is tried again.
func TestRetriesAfterALongOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Retry{Budget: 30 * time.Second}
		gateway := func() error { return &fault.Error{Status: 502} }
		end := time.Now().Add(2 * time.Minute)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for time.Now().Before(end) {
					_ = r.Do(t.Context(), func(context.Context, int) error {
						time.Sleep(100 * time.Millisecond)
						return gateway()
					})
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Minute)
		calls := 0
		if err := r.Do(t.Context(), failing(1, gateway(), &calls)); err != nil {
			t.Errorf("not tried again a minute after the outage: %v", err)
		}
	})
}
