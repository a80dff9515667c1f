package commands

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/urfave/cli/v2"
	"github.com/urfave/cli/v2/altsrc"

	"codeoceanfs/control/request"
)

// How the libraries say what is wrong with a flag.
var (
	badFlag  = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	noValue  = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	badValue = regexp.MustCompile(`^(?:invalid (?:boolean )?value|could not parse) ("(?:[^"\\]|\\.)*") .*?(?:environment variable "(\w+)" )?for (?:flag )?-?([\w-]+): `)
)

// explainFlag says what is wrong with a flag in the words of the help, and what
// its value should have been.
func explainFlag(err error, all []cli.Flag) error {
	if m := badFlag.FindStringSubmatch(err.Error()); m != nil {
		var names []string
		for _, f := range all {
			for _, name := range f.Names() {
				if len(name) > 1 { // every letter is near every other
					names = append(names, name)
				}
			}
		}
		if near := request.Nearest(m[1], names); near != "" {
			return fmt.Errorf("there is no flag %q: did you mean --%s? See --help", m[1], near)
		}
		return fmt.Errorf("there is no flag %q: see --help", m[1])
	}
	if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("--%s needs a value", m[1])
	}
	m := badValue.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	value, variable, name := m[1], m[2], m[3]
	if variable != "" {
		value += " in " + variable
	}
	for _, f := range all {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		name = f.Names()[0] // it may have been given by its letter
		switch f.(type) {
		case *cli.DurationFlag, *altsrc.DurationFlag:
			return fmt.Errorf("--%s %s is not a duration, as 30s or 5m", name, value)
		case *cli.IntFlag, *altsrc.IntFlag:
			return fmt.Errorf("--%s %s is not a whole number", name, value)
		case *cli.BoolFlag, *altsrc.BoolFlag:
			return fmt.Errorf("--%s %s is neither true nor false", name, value)
		}
	}
	return err
}
