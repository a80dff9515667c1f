// Package catalog knows every data asset of a deployment: by id, and by type
// and directory name.
//
// One goroutine, [Catalog.Run], keeps it: it starts from what the last mount
// left on disk, or lists the deployment; looks for new assets at an interval,
// newest first until it meets known ones; lists everything again now and then,
// because nothing else shows renames and deletions; and asks for drafts until
// they are ready. What it knows is an immutable snapshot behind an atomic
// pointer, so that readers wait for nothing:
//
//	disk ─┐                                  ┌─ ByID, Lookup, List
//	sweep ─┼─→ table (one lock, no I/O) ─→ snapshot
//	newest ┤                                  └─ Change, for the kernel's caches
//	drafts, Put ─┘
//
// Only a complete listing can say that a name does not exist. While the first
// one is still being made, Lookup finds an asset by a search for its name, and
// if that finds nothing, which proves nothing, waits for the listing. List is
// never partial.
//
// 100,000 assets with records of two kilobytes take some 120 MiB (BenchmarkLoad):
// a slim decoded record each, and the raw records compressed in pages.
//
// A search lags behind: what a get says, or a change of our own, holds against
// every search that began less than [Lag] later.
package catalog

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"codeoceanfs/remote/api"
	"codeoceanfs/remote/fault"
)

const (
	// Lag is how far the platform's search is taken to be behind its get. Its
	// documentation gives no figure; indexes of this kind take seconds.
	Lag = 2 * time.Minute

	// DefaultRefresh is short enough that a colleague's new asset is there
	// before they have told you, and costs two small requests.
	DefaultRefresh = time.Minute

	// DefaultDraftPoll is the fastest the platform's own SDK polls.
	DefaultDraftPoll = 5 * time.Second

	// flightBudget ends a request that several callers wait for: the budget of
	// all metadata. Each caller's context ends only its own wait.
	flightBudget = 30 * time.Second
)

// Config says what to keep a catalog of. Only API is required.
type Config struct {
	API      *api.Client
	Types    []api.Type    // show only these; empty is all
	Query    string        // show only what this search finds; "" is all
	Refresh  time.Duration // between looks for new assets; 0 is DefaultRefresh
	Sweep    time.Duration // between full listings; 0 goes by how long one takes
	PollTime time.Duration // between looks at a young draft; 0 is DefaultDraftPoll

	// Dir is where the catalog is kept for the next mount, "" for nowhere. It
	// is made if it is missing. Identity tells the users of one deployment
	// apart: what one may see is not shown to another. It is written as a hash
	// only; without it nothing is kept.
	Dir      string
	Identity string

	Logger *slog.Logger // nil logs nothing

	// OnChange is told of every change of the tree after it can be seen, one
	// at a time and in order. Whoever made the change waits for it, and it
	// must not call a method that makes one.
	OnChange func(Change)
}

// Catalog is safe for concurrent use. [Catalog.Run] does its work in the
// background; before it runs, reads wait.
type Catalog struct {
	cfg     Config
	log     *slog.Logger
	life    context.Context // of shared requests; ends with Run
	end     context.CancelFunc
	flights singleflight.Group
	sweeps  chan *sweepRequest // to Run
	packer  packer

	snap atomic.Pointer[snapshot] // nil until the first load is complete

	checked     chan struct{} // closed when the platform has been asked for what is new
	checkedOnce sync.Once
	strangers   strangers

	mu     sync.Mutex // guards what follows; never held during I/O
	table  *table
	first  *attempt // the first load that runs, or the last that failed
	unread []Change // made, and not yet given to OnChange
	status Status   // without the counts

	// Run's own:
	saved      *snapshot // what is on disk
	savedAt    time.Time
	sweepErr   error // of the last sweep
	sweepTried time.Time
	sweepTook  time.Duration

	telling sync.Mutex // orders the calls of OnChange
}

// attempt is one try to load everything; err may be read once done is closed.
type attempt struct {
	done chan struct{}
	err  error
}

func newAttempt() *attempt { return &attempt{done: make(chan struct{})} }

// New makes a catalog that is empty until it is run.
func New(cfg Config) *Catalog {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Refresh <= 0 {
		cfg.Refresh = DefaultRefresh
	}
	if cfg.PollTime <= 0 {
		cfg.PollTime = DefaultDraftPoll
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(Change) {}
	}
	life, end := context.WithCancel(context.Background())
	return &Catalog{
		cfg: cfg, log: cfg.Logger, life: life, end: end,
		sweeps:  make(chan *sweepRequest),
		checked: make(chan struct{}),
		table:   newTable(),
		first:   newAttempt(),
	}
}

// Status is how the catalog is doing.
type Status struct {
	Loaded      bool             // complete; a refresh may be due
	Assets      int              // known, archived ones included
	ByType      map[api.Type]int // archived ones included
	Archived    int
	Drafts      int
	Listed      int       // by the full listing that runs, or ran last
	LastRefresh time.Time // the last successful one of any kind
	LastSweep   time.Time // the last complete full listing
	LastError   string    // of the last refresh if it failed, else ""

	Unusable      int      // results of the last full listing that are no assets: they have no id
	UnusableNames []string // of some of them, not to be changed
}

// Status tells how the catalog is doing. It waits for nothing.
func (c *Catalog) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.status
	st.Loaded = c.snap.Load() != nil
	st.Assets = len(c.table.byID)
	st.Drafts = len(c.table.drafts)
	st.ByType = map[api.Type]int{}
	for key, n := range c.table.counts {
		if n > 0 {
			st.ByType[key.typ] += n
		}
		if key.archived {
			st.Archived += n
		}
	}
	return st
}

// Types are the types of which there are assets, archived or not, in order:
// also those that nobody here knows. Before the first load is complete there are none.
func (c *Catalog) Types(archived bool) []api.Type {
	s := c.snap.Load()
	if s == nil {
		return nil
	}
	var types []api.Type
	for key, entries := range s.dirs {
		if key.archived == archived && len(entries) > 0 {
			types = append(types, key.typ)
		}
	}
	slices.Sort(types)
	return types
}

// shows reports whether assets of type t are shown at all.
func (c *Catalog) shows(t api.Type) bool {
	return len(c.cfg.Types) == 0 || slices.Contains(c.cfg.Types, t)
}

// errStopped is what waiters get when Run has ended.
var errStopped = &fault.Error{Op: "read the catalog", Kind: fault.ErrUnreachable, Message: "the catalog is no longer kept"}
