package request

import (
	"fmt"
	"strings"
)

// Manual describes all verbs and their fields, from the tables that check them.
func Manual() string {
	var b strings.Builder
	for _, v := range Verbs {
		s := specs[v]
		fmt.Fprintf(&b, "%s/KEY.json: %s\n", v, s.about)
		describe(&b, "  ", s.fields)
		fmt.Fprintf(&b, "\n  echo '%s' > %s/KEY.json\n\n", s.example, v)
	}
	return b.String()
}

// About says in a line what a verb does.
func About(v Verb) string { return specs[v].about }

func describe(b *strings.Builder, indent string, fields []field) {
	for _, f := range fields {
		name := f.name
		if f.required {
			name += "*"
		}
		says := f.about
		if f.oneOf != nil {
			says = strings.Join(f.oneOf, ", ")
		}
		line := fmt.Sprintf("%s%-*s %-12s %s", indent, 24-len(indent), name, kindNames[f.kind], says)
		fmt.Fprintln(b, strings.TrimRight(line, " "))
		describe(b, indent+"  ", f.fields)
	}
}

var kindNames = map[kind]string{
	text: "text", flag: "true/false", scalar: "text, number", texts: "[texts]", object: "{}", list: "[{}]", values: "{values}",
}

// Examples are the requests that the manual shows, one of each verb.
func Examples() map[Verb]string {
	all := make(map[Verb]string, len(specs))
	for v, s := range specs {
		all[v] = s.example
	}
	return all
}
