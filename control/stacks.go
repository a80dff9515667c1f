package control

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Stack is what a number of goroutines do, all the same.
type Stack struct {
	Count   int
	State   string        // "IO wait", "running"
	Longest time.Duration // that one of them has been in the state; minutes
	Frames  string        // innermost first: function file:line
}

// maxFrames is how deep stacks are shown: below that is what every goroutine has.
const maxFrames = 24

// Stacks reads the text of runtime.Stack and puts equal stacks together, the
// most frequent first. Of arguments, which may be a secret's bytes, nothing is
// kept.
func Stacks(text []byte) []Stack {
	byKey := make(map[string]*Stack)
	for block := range strings.SplitSeq(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		state, minutes, ok := stackHead(lines[0])
		if !ok {
			continue
		}
		frames := stackFrames(lines[1:])
		key := state + "\x00" + frames
		s := byKey[key]
		if s == nil {
			s = &Stack{State: state, Frames: frames}
			byKey[key] = s
		}
		s.Count++
		s.Longest = max(s.Longest, minutes)
	}
	all := make([]Stack, 0, len(byKey))
	for _, s := range byKey {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Stack) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Frames, b.Frames), cmp.Compare(a.State, b.State))
	})
	return all
}

// stackHead reads a line like "goroutine 7 [chan receive, 3 minutes]:".
func stackHead(line string) (state string, since time.Duration, ok bool) {
	line, ended := strings.CutSuffix(line, "]:")
	name, in, found := strings.Cut(line, " [")
	if !ended || !found || !strings.HasPrefix(name, "goroutine ") {
		return "", 0, false
	}
	state, more, _ := strings.Cut(in, ", ")
	more, _, _ = strings.Cut(more, ", ")
	minutes, _ := strconv.Atoi(strings.TrimSuffix(more, " minutes")) // none is 0
	return state, time.Duration(minutes) * time.Minute, true
}

// stackFrames makes one line of pairs of lines, a call and its place.
func stackFrames(lines []string) string {
	var frames []string
	for i := 0; i+1 < len(lines) && len(frames) < maxFrames; i += 2 {
		call := lines[i]
		if strings.HasPrefix(call, "created by ") {
			break
		}
		if open := strings.LastIndexByte(call, '('); open >= 0 && strings.HasSuffix(call, ")") {
			call = call[:open]
		}
		place, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
		frames = append(frames, path.Base(call)+" "+path.Base(place))
	}
	return strings.Join(frames, " < ")
}
