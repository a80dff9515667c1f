package test

import (
	"fmt"
	"os"
)

// The test binary is also the programs that read the mount: with helperVar set
// it is the one named there.
const helperVar = "CODEOCEANFS_TEST_HELPER"

func helper(command string, args []string) int {
	commands := map[string]func([]string) error{
		"show": show, "sums": sums, "errnos": errnos, "xattrs": xattrs, "pathxattrs": pathXattrs,
		"pattern": pattern, "patterns": patterns, "random": random, "paced": paced, "session": sessionHelper, "crowd": crowd, "streams": streams, "alarmed": alarmed, "jumping": jumping, "pieces": pieces, "mmap": mapped, "hold": hold,
		"calls": calls, "posix": posix, "posix-each": posixEach, "testfs": testfs, "disk": disk,
		"model": model, "emulator": serveBench, "timed": timed, "read-to": readTo, "first-bytes": firstBytes, "scatter": scatter, "read-all": readAll, "uncache": uncache,
	}
	run, ok := commands[command]
	if !ok {
		fmt.Fprintf(os.Stderr, "no helper %q\n", command)
		return 2
	}
	defer saveCompared()
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
