package test

import (
	"net/http"
	"strconv"
	"testing"

	"codeoceanfs/remote/emulator"
)

// TestFaults reads at random through every way in which an answer can go wrong:
// no wrong byte comes out, and while the fault passes, no error does.
func TestFaults(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t, "--memory-limit", "64M", "--cache-size", "0")
	page := http.Header{"Content-Type": {"text/html"}}
	for name, fault := range map[string]emulator.Fault{
		"cut":                     {CutAfter: 70_000},
		"cut before a byte":       {CutAfter: -1},
		"reset":                   {CutAfter: 10_000, Reset: true},
		"cut without a length":    {CutAfter: 70_000, NoLength: true},
		"more than asked for":     {Extra: 1000},
		"no range":                {ContentRange: "-"},
		"another range":           {ContentRange: "bytes 5-9/10"},
		"a page of a login":       {Status: 200, Header: page, Body: "<html>please log in</html>"},
		"error told as a success": {Status: 200, Header: http.Header{"Content-Type": {"application/xml"}}, Body: "<Error><Code>InternalError</Code></Error>"},
		"slow down":               {Status: 503},
		"internal error":          {Status: 500},
		"lost reply":              {DropReply: true},
	} {
		t.Run(name, func(t *testing.T) {
			fault.Route, fault.Times = "s3.GetObject", 2
			for i, asset := range []string{"internal", "external"} {
				heal := d.Inject(fault)
				if _, err := m.helper("random", m.path("dataset", asset, "big"), contentName(asset, "big"), strconv.Itoa(len(name)*10+i), "3"); err != nil {
					t.Errorf("%s: %v", asset, err)
				}
				heal()
			}
		})
	}
}

// TestWholeFileForARange is a store that knows no ranges.
func TestWholeFileForARange(t *testing.T) {
	t.Parallel()
	d := generated(t)
	m := d.mount(t)
	defer d.Inject(emulator.Fault{Route: "s3.GetObject", IgnoreRange: true})()
	for _, asset := range []string{"internal", "external"} {
		if _, err := m.helper("pattern", m.path("dataset", asset, "block+1"), contentName(asset, "block+1")); err != nil {
			t.Error(err)
		}
	}
}
