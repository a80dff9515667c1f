package fs

import (
	"context"
	"time"

	"codeoceanfs/fs/follow"
)

const (
	// coolDown is how long nothing is fetched ahead after something has failed:
	// it is not for what nobody waits for to find out when all is well again.
	coolDown = 5 * time.Second

	// aheadQueue is how many reads may wait to be looked at. One that finds it
	// full is not noted.
	aheadQueue = 1024
)

// ahead fetches files of a directory before they are opened, where it is being
// read in an order, and lists directories before they are opened, where somebody
// walks through them: see package follow. One goroutine has all the state; what
// a reader does is to tell it, which never waits.
type ahead struct {
	seen  chan any // *file: is being read; site: is being listed
	ended chan ended
}

// ended is one file that came, or one listing, or failed to.
type ended struct {
	row     *row // of the file; nil for a listing
	site    site
	err     error
	members []string // folders listed with site; nil for one alone
}

func newAhead() ahead {
	return ahead{seen: make(chan any, aheadQueue), ended: make(chan ended)}
}

// read notes that a file is being read, by its first read that came here.
func (a *ahead) read(f *file) { a.tell(f) }

// open notes that a folder is being opened, to be listed.
func (a *ahead) open(asset, dir string) { a.tell(site{asset, dir}) }

func (a *ahead) tell(what any) {
	select {
	case a.seen <- what:
	default:
	}
}

// run serves until ctx ends.
func (a *ahead) run(ctx context.Context, t *tree) {
	f := follower{tree: t, ctx: ctx, rows: map[string]*row{}, coming: map[site]bool{}, crossed: map[site]bool{}, found: map[site]int{}, unfit: map[site]bool{}}
	f.walks = follow.NewWalks(f.folders)
	for {
		select {
		case <-ctx.Done():
			return
		case what := <-a.seen:
			switch what := what.(type) {
			case *file:
				f.note(what)
			case site:
				f.opened(what)
			}
		case e := <-a.ended:
			f.end(e)
		}
	}
}

// follower is the state of that goroutine.
type follower struct {
	*tree
	ctx  context.Context
	calm time.Time // nothing is asked for before

	rows    map[string]*row // by listing
	held    int             // files in rows
	reading *row            // of the file read last
	size    int64           // of that file
	busy    int             // files on their way

	walks   *follow.Walks
	found   map[site]int  // files read in folders that nobody has listed
	crossed map[site]bool // folders in which reading went on from one folder to another
	last    site          // opened last
	idle    int           // directories to be opened before more are looked for
	unfit   map[site]bool // folders in which some are too large to be listed together
	each    float64       // entries in a folder that was listed ahead, about
	coming  map[site]bool // listings on their way; true: too long to come
	lists   int           // on their way
}

// end takes note of what came.
func (f *follower) end(e ended) {
	if e.row == nil {
		f.lists--
	} else {
		f.busy--
	}
	switch {
	case e.row == nil && e.members != nil:
		f.listedFlat(e)
	case e.row == nil:
		f.listed(e.site, e.err)
	case e.err != nil:
		e.row.Give()
		f.calm = time.Now().Add(coolDown)
	default:
		f.fill(e.row)
		if f.reading != nil && f.reading != e.row {
			f.fill(f.reading)
		}
	}
}
