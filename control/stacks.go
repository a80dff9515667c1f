package control

import (
	"cmp"
	"path"
	"regexp"
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

var (
	stackHead = regexp.MustCompile(`^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^,\]]+)(?:, (\d+) minutes)?[^\]]*\]:$`)
	stackCall = regexp.MustCompile(`^(?:created by )?(.+?)(?:\([^()]*\))?(?: in goroutine \d+)?$`)
)

// Stacks reads the text of runtime.Stack and puts equal stacks together, the
// most frequent first. Of arguments, which may be a secret's bytes, nothing is
// kept.
func Stacks(text []byte) []Stack {
	byKey := make(map[string]*Stack)
	for block := range strings.SplitSeq(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		head := stackHead.FindStringSubmatch(lines[0])
		if head == nil {
			continue
		}
		minutes, _ := strconv.Atoi(head[2]) // none is 0
		frames := stackFrames(lines[1:])
		key := head[1] + "\x00" + frames
		s := byKey[key]
		if s == nil {
			s = &Stack{State: head[1], Frames: frames}
			byKey[key] = s
		}
		s.Count++
		s.Longest = max(s.Longest, time.Duration(minutes)*time.Minute)
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

// stackFrames makes one line of pairs of lines, a call and its place.
func stackFrames(lines []string) string {
	var frames []string
	for i := 0; i+1 < len(lines) && len(frames) < maxFrames; i += 2 {
		call := stackCall.FindStringSubmatch(lines[i])
		place, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
		if call == nil || strings.HasPrefix(lines[i], "created by ") {
			break
		}
		frames = append(frames, path.Base(call[1])+" "+path.Base(place))
	}
	return strings.Join(frames, " < ")
}
