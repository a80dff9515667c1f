package test

import (
	"strings"
	"testing"
)

// securityRule is something that this program does for the security of its user. It is
// held by tests that are elsewhere, as "package TestName", by its own, or both.
type securityRule struct {
	says string
	held string // one a line
	test func(t *testing.T)
}

// security are the rules, by the numbers that they are known by.
var security = map[int]securityRule{
	1: {says: "the token comes from the environment or from a file, and is on no command line", held: `
		test TestBackground
		test TestFlagsAreDocumented`},
	2: {says: "a file with the token is a regular one, the caller's own and for nobody else, or refused", held: `
		remote/api TestTokenFileMustBePrivate
		remote/api TestTokenFileIsReadAgain`},
	3: {says: "the token is in no log, error, record or file of the mount, nor with programs that are started", test: noTokenAnywhere, held: `
		remote/api TestNoSecretGetsOut
		test TestMistakes`},
	4: {says: "a signed URL is in no log and in no error", held: `
		remote/fault TestCauseDropsTheURL
		remote/fault TestRedact
		remote/fault TestHandler
		remote/fault FuzzRedact
		remote/api TestHostileURLs`},
	5: {says: "the token goes to the deployment's own host and to no other", test: storesLearnNothing, held: `
		remote/api TestTokenStaysAtHome`},
	6: {says: "data is fetched by a client that knows neither token nor cookies", test: clientsAreApart},
	7: {says: "redirects are followed nowhere", test: redirectsLeadNowhere, held: `
		remote/api TestTokenStaysAtHome
		remote/bucket TestReadFollowsNoRedirect`},
	8: {says: "the platform is spoken to in https, but on this machine", held: `
		remote/api TestDomain
		test TestMistakes`},
	9: {says: "a signed URL leads to no odd port, user, scheme, or address of this machine or of a metadata service, whatever the name", held: `
		remote/transport TestCheckURL
		remote/transport TestAllowedAddresses
		remote/transport TestLoopbackIsRefusedWhateverItsName
		remote/api TestHostileURLs
		remote/api TestPublicDeploymentCannotPointHere`},
	10: {says: "certificates are verified, from TLS 1.2 on, and nothing turns that off", test: certificatesAreVerified, held: `
		remote/transport TestCertificates`},
	11: {says: "answers, errors and headers have bounds", held: `
		remote/api TestAnswersAreBounded
		remote/bucket TestListOfAHugePageIsNotEvenRead
		remote/bucket TestABodyIsBounded
		remote/transport TestHeadersAreBounded
		remote/transport TestBody`},
	12: {says: "JSON that is nested without end is an error", held: `
		remote/api TestNesting
		control/request TestRefused`},
	13: {says: "every name from the platform becomes a name that a directory can hold, each its own", held: `
		remote/names FuzzEncode
		remote/names FuzzAssign
		remote/names FuzzAssetNames
		test TestEveryByteOfEveryName`},
	14: {says: "nothing that the platform says is part of a path on this machine", test: noNamesOnDisk, held: `
		remote/api TestHostileIDs`},
	15: {says: "the cache is the user's alone, and planted files and links are not followed", test: placesOfOthers, held: `
		cache/disk TestPlantedFilesAreRefused
		cache/disk TestFolderOfOthersIsRefused
		cache/disk TestModes
		remote/catalog TestUnusableFile`},
	16: {says: "another token reads nothing of the cache", held: `
		test TestRemount
		remote/catalog TestNothingIsKeptWithoutAnIdentity`},
	17: {says: "that checksums of the cache are against accidents only is said", test: checksumsAreExplained},
	18: {says: "a mount has no devices and no setuid programs, names no token, and its data cannot be changed", test: mountOptions, held: `
		test TestReadOnly`},
	19: {says: "other users see nothing, or with --allow-other what the owner's token reads, of which the log warns", held: `
		test TestPermissions`},
	20: {says: "control is for the owner of the mount alone, also with --allow-other, and away with --read-only", held: `
		test TestPermissions
		test TestUnprivileged
		test TestNoRequests`},
	21: {says: "requests are strict JSON of known fields, bounded, carried out once; to delete and to transfer takes a flag", held: `
		control/request TestRefused
		control/request FuzzDecode
		test TestBadBodies
		test TestOnce`},
	22: {says: "a secret in a request is sent, and shown nowhere", held: `
		control/request TestSecrets
		control/request TestConceal`},
	23: {says: "there are files and directories, and links of our own; no devices, no foreign attributes, no ioctl", test: onlyFilesAndDirectories, held: `
		test TestSearchLinks
		test TestXattrs`},
	24: {says: "what one user may not see another does, with the same cache", test: usersSideBySide, held: `
		test TestRefusals`},
	25: {says: "nobody is listened to, but for metrics, by a flag, on this machine", test: listensToNobody, held: `
		test TestMetrics`},
	26: {says: "the token is in no core dump, and other processes of the user do not see it", held: `
		test TestUnprivileged`},
	27: {says: "the helper that mounts is the system's, whatever PATH says; there is no other program with root's rights", held: `
		test TestUnprivileged`},
	28: {says: "dependencies are pinned, checked and few, and a build says nothing about where it was made", test: dependenciesAreChecked, held: `
		test TestImports`},
	29: {says: "only mounts of this program are taken away or mounted over when dead", test: foreignMountsStay, held: `
		fs/mountpoint TestUnmountRefuses
		test TestDeadMount
		test TestMistakes`},
	30: {says: "AWS credentials go to AWS, or to what the user has configured, whatever an asset's record says", held: `
		remote/bucket TestEvilBucketsGoNowhere
		remote/bucket TestSignaturesGoToS3Only
		remote/bucket TestTheGuardStopsARequestBeforeItLeaves
		remote/bucket TestGoogleGetsItsOwnKeysOnly
		remote/bucket TestAHostileRegionIsNotFollowed`},
	31: {says: "a name cannot forge a line of the log, nor speak to a terminal", held: `
		test TestNamesInLogs
		remote/fault TestQuote`},
	32: {says: "a million entries, deep folders, endless listings and many names are bounded in time and memory", test: deepFolders, held: `
		test TestHugeFolder
		remote/api TestHugeListingIsAStream
		remote/api TestSearchAllEnds
		remote/catalog TestEndlessListing
		remote/catalog TestMemory
		remote TestListingMemory`},
}

// TestSecurity runs the rules' own tests, and looks for those that hold the
// others: a test that is renamed or removed is missed here.
func TestSecurity(t *testing.T) {
	t.Parallel()
	const rules = 32
	all := allTests(t)
	if len(security) != rules {
		t.Errorf("%d rules, not %d", len(security), rules)
	}
	for number := 1; number <= rules; number++ {
		r, ok := security[number]
		if !ok || r.says == "" || r.held == "" && r.test == nil {
			t.Errorf("rule %d is missing, or held by nothing", number)
			continue
		}
		for line := range strings.Lines(r.held) {
			if where := strings.Fields(line); len(where) == 2 && !all.has(where[0], where[1]) {
				t.Errorf("rule %d, %s: there is no %s in %s", number, r.says, where[1], where[0])
			}
		}
		if r.test != nil {
			t.Run(r.says, func(t *testing.T) {
				t.Parallel()
				r.test(t)
			})
		}
	}
}
