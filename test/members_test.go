package test

import (
	"cmp"
	"slices"
	"testing"

	"codeoceanfs/remote/emulator"
)

// The assets that the combined assets of these tests are made of. Each has one
// file f, which says whose it is.
const (
	firstID        = "11111111-0000-4000-8000-000000000000"
	secondID       = "22222222-0000-4000-8000-000000000000"
	thirdID        = "33333333-0000-4000-8000-000000000000" // in a bucket
	draftID        = "44444444-0000-4000-8000-000000000000"
	failedID       = "55555555-0000-4000-8000-000000000000"
	refusedID      = "66666666-0000-4000-8000-000000000000" // its files are refused to its owner too
	privateID      = "77777777-0000-4000-8000-000000000000" // somebody else's
	discoverableID = "88888888-0000-4000-8000-000000000000" // somebody else's, who shows its record
	archivedID     = "99999999-0000-4000-8000-000000000000"
	namelessID     = "aaaaaaaa-0000-4000-8000-000000000000" // has no mount, only a name
	goneID         = "deadbeef-0000-4000-8000-000000000000" // deleted
	pairID         = "c0000001-0000-4000-8000-000000000000" // a combined one
)

// members makes what a record lists of a combined asset, of ids and mounts.
func members(idsAndMounts ...string) (all []emulator.Contained) {
	for pair := range slices.Chunk(idsAndMounts, 2) {
		all = append(all, emulator.Contained{ID: pair[0], Mount: pair[1]})
	}
	return all
}

// parts adds the assets that combined assets are made of.
func (d *deployment) parts(t *testing.T) {
	t.Helper()
	me := emulator.DefaultTokens()[0].User
	d.addBucket(t, emulator.Bucket{Name: "lab", Generate: []emulator.Generated{{Path: "third/f", Text: "three"}}})
	for _, a := range []struct {
		id, text string
		asset    emulator.Asset
	}{
		{firstID, "one", emulator.Asset{Record: emulator.Record{Mount: "first's mount"}}},
		{secondID, "two", emulator.Asset{}},
		{thirdID, "", emulator.Asset{Record: emulator.Record{
			Mount: "third's mount", SourceBucket: inBucket("lab", "third"),
		}}},
		{draftID, "four", emulator.Asset{Record: emulator.Record{State: "draft"}}},
		{failedID, "five", emulator.Asset{Record: emulator.Record{State: "failed", FailureReason: "the bucket was full"}}},
		{refusedID, "six", emulator.Asset{RefuseFiles: true}},
		{privateID, "seven", emulator.Asset{Record: emulator.Record{Owner: "somebody else"}}},
		{discoverableID, "eight", emulator.Asset{
			Record: emulator.Record{Owner: "somebody else"}, Permissions: &emulator.Permissions{Everyone: "discoverable"},
		}},
		{archivedID, "nine", emulator.Asset{Archived: true}},
		{namelessID, "ten", emulator.Asset{Record: emulator.Record{Name: "a nameless/one"}, Extra: map[string]any{"mount": nil}}},
		{pairID, "", emulator.Asset{Record: emulator.Record{Type: "combined", Contained: members(firstID, "a", thirdID, "b")}}},
	} {
		a.asset.ID, a.asset.Owner = a.id, cmp.Or(a.asset.Owner, me)
		if a.text != "" {
			a.asset.Generate = []emulator.Generated{{Path: "f", Text: a.text}}
		}
		d.add(t, a.asset)
	}
}
