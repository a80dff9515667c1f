package test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// look DIR prints a line for all that is below DIR but the records, in order of
// path: "folder/", "file: its bytes", "link -> target", and after the path of
// what cannot be read why. It goes on after an error, as cp -r does.
func look(args []string) error { return lookIn(args[0], "") }

func lookIn(root, dir string) error {
	entries, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		fmt.Printf("%s %v\n", printable(dir+"/:"), reason(err))
		return nil
	}
	if dir != "" {
		fmt.Println(printable(dir + "/"))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == ".meta.json":
		case e.IsDir():
			if err := lookIn(root, path); err != nil {
				return err
			}
		case e.Type() == fs.ModeSymlink:
			target, err := os.Readlink(filepath.Join(root, path))
			if err != nil {
				return err
			}
			fmt.Printf("%s -> %s\n", printable(path), target)
		default:
			content, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				content = []byte(reason(err).Error())
			}
			fmt.Printf("%s: %s\n", printable(path), content)
		}
	}
	return nil
}

// printable quotes a name only if a line cannot hold it.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
