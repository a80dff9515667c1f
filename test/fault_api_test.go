package test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"codeoceanfs/remote/emulator"
)

var apiFaults = []faultRow{
	{
		number: 20, fault: "the token is revoked: what is new is refused, it is told once, and a new token heals it",
		held: []string{
			"TestRefusals/a revoked token is told once in the log, and not sent for every file",
			"TestRefusals/a token that is replaced in its file heals the mount within seconds",
		},
	},
	{
		number: 21, fault: "one asset is refused: it alone is",
		held: []string{"TestRefusals/once the platform refuses the data of an asset, no file of it opens, cached or not"},
	},
	{number: 22, fault: "an asset is deleted under a program that reads it: its name goes, and what is open ends well or as stale", run: assetDeleted},
	{
		number: 23, long: true, fault: "the platform asks to wait, for a second, until a date, or for a day: it is waited for, within the call's time",
		run: toldToWait, held: []string{"TestRetryAfter", "TestRetryAfterHoldsEverybodyBack"},
	},
	{number: 24, fault: "the platform fails a few times: nobody notices; for long: the call fails within its time", run: platformFails},
	{
		number: 25, fault: "the answer to a creation is lost: it is looked for, and never sent twice",
		held: []string{"TestOnce/an answer that was lost is looked for, and not sent again", "TestKilled", "TestLostCreate"},
	},
	{number: 26, fault: "the answer to a change is lost: it is compared, and made again", held: []string{"TestOnce", "TestDeleteWhoseAnswerWasLost"}},
	{number: 27, fault: "answers are cut, empty, not JSON, or JSON and more: nothing of them is shown", run: badJSON},
	{
		number: 28, fault: "an answer is nested without end, or too long: it is refused in bounded memory",
		run: hugeJSON, held: []string{"TestAnswersAreBounded", "TestHugeListingIsAStream", "TestHugeFolder"},
	},
	{
		number: 29, fault: "pages go in circles: the listing ends",
		held: []string{"TestEndlessListing", "TestListingInCirclesAfterARestart", "TestQuirks/all pages have one token"},
	},
	{
		number: 30, fault: "assets come and go while they are listed: each is shown once",
		held: []string{"TestManyNewAssets", "TestReadersDuringChanges", "TestSearchAll"},
	},
	{
		number: 31, fault: "values are of other types than they were: sizes are right, or the file is hidden and counted",
		held: []string{
			"TestSizesInEveryForm", "TestOddFields", "TestOddListings/a file without a size that makes sense is counted",
			"TestOddListings/a size may be a string or a float", "TestUnknownState",
		},
	},
	{number: 32, fault: "a folder is listed as a file the next time: what was seen of it stays, or an error is told", run: otherKind},
	{
		number: 33, fault: "a listed file has no URL: to read it fails, and when there is one it is read",
		held: []string{"TestPassingFailure", "TestSharedFailure"},
	},
	{number: 34, fault: "an asset is a draft, or failed: it shows its record, and turns real by itself", held: []string{"TestDraft", "TestUnreadable"}},
	{number: 35, fault: "the files of an asset move to a bucket: they are found there, and no file is a mix", held: []string{"TestTransfer", "TestTransferVerb"}},
	{number: 36, fault: "the platform takes half a minute to answer: the call ends within its time, and other assets are listed meanwhile", run: platformSlow},
	{
		number: 37, fault: "a platform knows only the old call for URLs: it is used, and remembered",
		held: []string{"TestOldRoute", "TestMissingFileDoesNotMakeTheRouteOld", "TestQuirks/there is the old download_url only"},
	},
}

func assetDeleted(r *rig) {
	r.mount("--refresh-interval", "1s", "--cache-size", "0")
	s := r.open("internal", "middle")
	if said, _ := s.read(0, 64<<10); said != "ok" {
		r.t.Fatal(said)
	}
	r.remove(r.t, generatedID)
	said, took := s.read(16<<20, 64<<10)
	r.outcome.faulty(said, took)
	if !contains([]string{"ok", "ESTALE", "ENOENT", "EACCES"}, said) || took > r.read+slack {
		r.t.Errorf("what is open: %s after %s", said, took)
	}
	eventually(r.t, "its name is gone", func() error {
		if contains(r.m.list("dataset"), "internal") {
			return errNotYet
		}
		return nil
	})
	r.m.fails("No such file", "ls", r.m.path("dataset", "internal"))
	if _, err := r.m.helper("pattern", r.file("external", "block+1"), contentName("external", "block+1")); err != nil {
		r.t.Error(err)
	}
	s.close()
	r.leftNothing()
}

// listing is a fault of the listings of folders that nobody knows yet.
func listing(f emulator.Fault) emulator.Fault {
	f.Route = "files"
	return f
}

func toldToWait(r *rig) {
	r.mount()
	stop := r.bystander("internal")
	for what, after := range map[string]string{
		"a second": "1", "until a date": time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat),
		"nonsense": "soon", "the past": time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), "a negative time": "-5",
	} {
		heal := r.Inject(listing(emulator.Fault{Status: 429, Header: http.Header{"Retry-After": {after}}, Times: 1}))
		if _, err := r.answersWithin(r.metadata, "ls", r.nextFolder()); err != nil {
			r.t.Errorf("%s: %v", what, err)
		}
		heal()
	}
	heal := r.Inject(listing(emulator.Fault{Status: 429, Header: http.Header{"Retry-After": {"86400"}}}))
	if _, err := r.answersWithin(r.metadata, "ls", r.nextFolder()); err == nil {
		r.t.Error("a day: it was listed")
	}
	heal()
	stop()
	// What was asked for is waited for, half a minute of it.
	eventually(r.t, "it is listed when the time is over", func() error {
		_, err := r.m.try("ls", r.lastFolder())
		return err
	})
	r.leftNothing()
}

func platformFails(r *rig) {
	r.mount()
	stop := r.bystander("internal")
	for _, status := range []int{500, 502, 503, 504} {
		heal := r.Inject(listing(emulator.Fault{Status: status, Times: 2}))
		if _, err := r.answersWithin(r.metadata, "ls", r.nextFolder()); err != nil {
			r.t.Errorf("twice %d: %v", status, err)
		}
		heal()
	}
	r.ResetCounts()
	heal := r.Inject(emulator.Fault{Status: 503})
	together(assets, func(asset string) {
		var err error
		if asset == "internal" {
			_, err = r.answersWithin(r.metadata, "ls", r.nextFolder())
		} else {
			_, err = r.answersWithin(r.read, "head", "-c", "1", r.file("internal", "block+1"))
		}
		if err == nil {
			r.t.Error("it succeeded")
		}
	})
	heal()
	stop()
	if n := r.Requests("files") + r.Requests("urls"); n > 60 {
		r.t.Errorf("%d calls", n)
	}
	if _, err := r.m.helper("pattern", r.file("internal", "block+1"), contentName("internal", "block+1")); err != nil {
		r.t.Errorf("after it: %v", err)
	}
	r.m.run("ls", r.lastFolder())
	r.leftNothing()
}

func badJSON(r *rig) {
	r.mount()
	stop := r.bystander("internal")
	for what, body := range map[string]string{
		"cut":          `{"items": [{"name": "f", "path": "d001/f", "type": "file", "size": 10}, {"na`,
		"empty":        " ",
		"not JSON":     "<html>",
		"a list":       `[{"name": "f"}]`,
		"more after":   `{"items": [{"name": "f", "path": "x/f", "type": "file", "size": 10}]} {"items": []}`,
		"items of":     `{"items": "none"}`,
		"another word": `{"error": "no"}`,
	} {
		heal := r.Inject(listing(emulator.Fault{Status: 200, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}))
		folder := r.nextFolder()
		out, err := r.answersWithin(r.metadata, "ls", folder)
		if ending(err) != "EIO" {
			r.t.Errorf("%s: %q, %v", what, out, err)
		}
		heal()
		if out := r.m.run("ls", folder); out != "f\n" {
			r.t.Errorf("%s, after it: %q", what, out)
		}
	}
	stop()
	r.leftNothing()
}

// hugeJSON answers with what would take all memory if it were kept.
func hugeJSON(r *rig) {
	r.mount()
	stop := r.bystander("internal")
	before := r.m.status().Process.HeapBytes
	for what, write := range map[string]func(w io.Writer) error{
		"nested": func(w io.Writer) error {
			_, err := fmt.Fprintf(w, `{"items": [], "x": %s`, strings.Repeat("[", 100_000))
			return err
		},
		"a name without end": func(w io.Writer) error {
			piece := strings.Repeat("n", 1<<20)
			_, err := io.WriteString(w, `{"items": [{"name": "`)
			for range 100 {
				if err == nil {
					_, err = io.WriteString(w, piece)
				}
			}
			return err
		},
	} {
		heal := r.Inject(listing(emulator.Fault{Handle: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "application/json")
			_ = write(w) // whoever has read enough leaves
		}}))
		folder := r.nextFolder()
		// Each of a few answers is read until it is too much.
		if out, err := r.answersWithin(4*r.metadata, "ls", folder); err == nil {
			r.t.Errorf("%s: listed: %q", what, out)
		}
		if now := r.m.status().Process.HeapBytes; now > before+200<<20 {
			r.t.Errorf("%s: %d MiB more", what, (now-before)>>20)
		}
		heal()
		r.m.run("ls", folder)
	}
	stop()
	r.leftNothing()
}

func otherKind(r *rig) {
	r.mount()
	folder := r.nextFolder()
	r.m.run("stat", folder)
	heal := r.Inject(listing(emulator.Fault{
		Status: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: `{"items": [{"name": "` + folder[len(folder)-4:] + `", "path": "` + folder[len(folder)-4:] + `", "type": "file", "size": 7}]}`,
	}))
	if _, err := r.m.try("ls", folder); err != nil {
		r.outcome.faulty(ending(err), 0)
	}
	if got := r.m.run("stat", "-c", "%F", folder); got != "directory\n" {
		r.t.Errorf("it is a %s", got)
	}
	heal()
	if _, err := r.m.try("ls", r.nextFolder()); err != nil {
		r.t.Error(err)
	}
	r.leftNothing()
}

// platformSlow lets one asset's folder wait for an answer that takes too long.
func platformSlow(r *rig) {
	r.mount()
	r.m.run("ls", r.m.path("dataset", "folders"))
	stop := r.bystander("internal")
	slow := r.nextFolder()
	heal := r.Inject(listing(emulator.Fault{Delay: 2 * r.metadata, Match: func(req *http.Request) bool {
		return askedFor(req, "path") == slow[len(slow)-4:]
	}}))
	waiting := make(chan error, 1)
	go func() {
		_, err := r.answersWithin(r.metadata, "ls", slow)
		waiting <- err
	}()
	for range 5 {
		start := time.Now()
		r.m.run("ls", r.nextFolder(), r.m.path("dataset", "internal"))
		if took := time.Since(start); took > meanwhile+slack {
			r.t.Errorf("another folder took %s", took)
		}
		r.outcome.other(time.Since(start))
	}
	if err := <-waiting; err == nil {
		r.t.Error("the slow folder was listed")
	}
	heal()
	stop()
	if out := r.m.run("ls", slow); out != "f\n" {
		r.t.Errorf("after it: %q", out)
	}
	r.leftNothing()
}
