package journal

// Decision is what to do about a request, by what is known of its name.
type Decision int

// The decisions.
const (
	Run      Decision = iota // it is new, or may be sent again
	Answered                 // it was carried out: nothing is sent
	Taken                    // another request has the key
	Busy                     // it is being carried out at this moment
	Recover                  // it was sent, perhaps: find out before anything else
)

// decide goes by what was known before, whether it runs in a living process,
// and whether it is the same request.
func decide(before Record, known bool, r Record, runs bool) Decision {
	same := before.Sum == r.Sum
	switch {
	case !known, before.State == Failed:
		return Run
	case runs:
		return Busy
	case !same:
		return Taken
	case before.State == Done:
		return Answered
	}
	return Recover // Unknown, or Running in a process that is gone
}
