package test

import (
	"net"
	"net/http"
	"sync/atomic"

	"codeoceanfs/remote/emulator"
)

// said is what a store answers with an error.
func said(status int, code, message string) emulator.Fault {
	return emulator.Fault{
		Status: status, Header: http.Header{"Content-Type": {"application/xml"}},
		Body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message + `</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>`,
	}
}

var storeFaults = []faultRow{
	{
		number: 38, fault: "a signed URL has expired before it is used, as stores say it: it is renewed, and nobody notices",
		run: allOf(expires(said(403, "AccessDenied", "Request has expired")), expires(said(400, "ExpiredRequest", "too late"))),
	},
	{
		number: 39, fault: "signed URLs expire in the middle of a stream: it goes on at the same byte",
		held: []string{"TestSignedURLs/URLs that live two seconds: 200 MB read in ten seconds are right to the byte, and all readers share a renewal"},
	},
	{
		number: 40, fault: "a signed URL dies before its time: it is renewed, and nobody notices",
		run:  expires(said(400, "ExpiredToken", "The provided token has expired.")),
		held: []string{"TestSignedURLs/URLs that are revoked before their time are renewed once for all readers, who see nothing of it"},
	},
	{
		number: 41, fault: "the new URL is dead as well: a few requests, and the read fails",
		held: []string{"TestSignedURLs/URLs that are dead when they come fail the read after a few requests, with the store's reason"},
	},
	{number: 42, fault: "a hundred readers meet an expiry together: it is renewed once", run: renewedOnce, held: []string{"TestOneRenewalForAllReaders"}},
	{number: 43, fault: "the store refuses for a reason of its own: the read is refused, and no URL renewed in a loop", run: refusedForGood},
	{
		number: 44, fault: "the whole file comes instead of a range: only the bytes of the range are used",
		run:  allOf(passes(emulator.Fault{IgnoreRange: true}), passes(emulator.Fault{Status: 200, Body: "short", Header: http.Header{"Content-Type": {"text/plain"}}})),
		held: []string{"TestWholeFileForARange"},
	},
	{
		number: 45, fault: "another range comes than was asked for, or one of another file: it is not used",
		run: allOf(
			passes(emulator.Fault{ContentRange: "bytes 5-9/10"}), passes(emulator.Fault{ContentRange: "-"}),
			passes(emulator.Fault{ContentRange: "bytes 16777216-16908287/99999999"}),
			lasts(emulator.Fault{ContentRange: "bytes 0-131071/50343993"}, "EIO", "ETIMEDOUT"),
		),
	},
	{number: 46, fault: "more bytes come than were asked for: exactly those are read", run: passes(emulator.Fault{Extra: 100_000})},
	{
		number: 47, fault: "a range is not satisfiable any more: the file is stale, and an empty one is never asked for",
		run:  phases{begin: wrong(said(416, "InvalidRange", "The requested range is not satisfiable")), ends: []string{"ESTALE"}, stale: true, most: 20}.run,
		held: []string{"TestReadOfAnEmptyFileAsksNobody", "TestEmptyFileAsksNothing"},
	},
	{
		number: 48, fault: "an object is replaced while it is read: the file is stale, and never a mix",
		held: []string{"TestChangedObject", "TestReadNeverMixesVersions", "TestExternalChanges/an object replaced by one of the same size is stale where it is open, and new to whoever looks again"},
	},
	{number: 49, fault: "an object is deleted while it is read: the file is stale", held: []string{"TestExternalChanges/an object that is deleted is stale where it is open, and gone"}},
	{
		number: 50, fault: "the store is overloaded, or fails, also with an error told as a success: it is asked again, and no error document is data",
		run: allOf(
			passes(said(503, "SlowDown", "Reduce your request rate")), passes(said(500, "InternalError", "We encountered an internal error")),
			passes(said(200, "InternalError", "We encountered an internal error")),
			lasts(said(200, "InternalError", "We encountered an internal error"), "EIO", "ETIMEDOUT"),
			lasts(said(503, "SlowDown", "Reduce your request rate"), "EIO", "ETIMEDOUT"),
		),
	},
	{
		number: 51, fault: "an object is marked as compressed: its bytes are read as they are stored",
		run:  phases{begin: wrong(emulator.Fault{Header: http.Header{"Content-Encoding": {"gzip"}}}), ends: []string{"ok"}}.run,
		held: []string{"TestBytesAsStored", "TestReadUnpacksNothing"},
	},
	{
		number: 52, fault: "a checksum that comes with an object is wrong",
		why: "stores send checksums of whole objects, and only with those; files are read in ranges, and none is asked for",
	},
	{
		number: 53, fault: "a bit flips on the way without encryption",
		why: "nothing in the answer tells; the platform and stores outside this machine are only ever asked over TLS, which does: see fault 16",
	},
	{number: 54, fault: "the clock of this machine is off: requests are signed by the store's, or the message tells by how much", held: []string{"TestAClockThatIsOff"}},
	{
		number: 55, fault: "credentials expire, are replaced, or their source is gone: they are renewed, or the source is named",
		held: []string{"TestCredentialsThatTheStoreCallsExpiredAreRenewedOnce", "TestKeysThatWereReplacedAreReadAgain", "TestAProviderThatIsGoneIsNamed", "TestExternalSession"},
	},
	{
		number: 56, fault: "a bucket is in another region: the region is found out once",
		held: []string{"TestTheRegionIsFound", "TestTheRegionOfAnEndpointIsFoundFromItsRefusal", "TestQuirks/a wrong region is a redirect"},
	},
	{
		number: 57, fault: "an object is in an archived storage class: it is refused, with the reason",
		run:  phases{begin: wrong(said(403, "InvalidObjectState", "The operation is not valid for the object's storage class")), ends: []string{"EACCES"}, most: 12, says: "archived storage class"}.run,
		held: []string{"TestExternalAccess/an archived object is listed, and refused with the reason"},
	},
	{
		number: 58, fault: "keys hold any character: each is asked for byte by byte as it is",
		held: []string{"TestEveryByteOfEveryName", "TestListAndReadKeepEveryByteOfAKey", "TestFileNames"},
	},
	{number: 59, fault: "keys are no paths: nothing is dropped in silence", held: []string{"TestExternalKeys", "TestListGivesEveryKeyThatIsNoFileName", "TestStatAndListAgree"}},
	{number: 60, fault: "a listing fails in the middle of its pages: there is all of it, or an error", held: []string{"TestListGoesThroughAllPagesOrFails", "TestExternalPages"}},
	{number: 61, fault: "platform or store redirect to another host: it is not followed, and learns nothing", run: redirected, held: []string{"TestReadFollowsNoRedirect", "TestTokenStaysAtHome"}},
}

// expires is one expiry of each asset's requests: only those with signed URLs
// are renewed, buckets are asked again with credentials.
func expires(f emulator.Fault) func(*rig) {
	f.Times = 1
	return phases{assets: []string{"internal"}, ends: []string{"ok"}, most: 6, begin: func(r *rig) func() {
		heal := r.injectEach(f, "middle")
		return func() {
			heal()
			if n := r.Requests("urls"); n != 1 {
				r.t.Errorf("%d new URLs", n)
			}
		}
	}}.run
}

func renewedOnce(r *rig) {
	r.mount("--memory-limit", "64M", "--cache-size", "0", "--read-timeout", "1m")
	file := r.file("internal", "middle")
	if _, err := r.m.helper("crowd", file, contentName("internal", "middle"), "1", "1000"); err != nil {
		r.t.Fatal(err)
	}
	r.ResetCounts()
	r.RevokeURLs()
	if _, err := r.m.helper("crowd", file, contentName("internal", "middle"), "100", "48000000"); err != nil {
		r.t.Error(err)
	}
	if n := r.Requests("urls"); n != 1 {
		r.t.Errorf("%d new URLs", n)
	}
	r.leftNothing()
}

func refusedForGood(r *rig) {
	phases{ends: []string{"EACCES"}, most: 12, begin: func(r *rig) func() {
		heal := r.injectEach(said(403, "AccessDenied", "Access Denied"), "middle")
		return func() {
			heal()
			if n := r.Requests("urls"); n > 2 {
				r.t.Errorf("%d new URLs", n)
			}
		}
	}}.run(r)
}

// redirected sends everybody to a server that listens to what they tell it.
func redirected(r *rig) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(r.t, err)
	defer l.Close()
	var came atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			c.Close()
		}
	}()
	to := emulator.Fault{Status: 307, Header: http.Header{"Location": {"http://" + l.Addr().String() + "/x"}}, Body: "elsewhere"}
	phases{ends: []string{"EIO", "ETIMEDOUT", "EACCES"}, most: 60, begin: func(r *rig) func() {
		heal := r.Inject(to)
		if _, err := r.answersWithin(r.metadata, "ls", r.nextFolder()); err == nil {
			r.t.Error("it was listed")
		}
		return heal
	}}.run(r)
	if n := came.Load(); n > 0 {
		r.t.Errorf("%d connections to where it led", n)
	}
}
