package emulator

import "time"

// Add puts an asset into the deployment, in memory only. An empty ID, Name,
// Type, State, Owner or creation time is filled in; an asset of the same id
// is replaced. It returns the id.
func (s *Server) Add(a Asset) (string, error) { panic("being written") }

// Populate adds n ready datasets without files, with names and tags as labs
// give them and one second between their creation times; it takes some 600
// bytes each. The first of them is the oldest.
func (s *Server) Populate(n int) (ids []string, err error) { panic("being written") }

// Asset returns the asset as it is now.
func (s *Server) Asset(id string) (Asset, bool) { panic("being written") }

// Change edits an asset in place, as nobody could through the API: its state,
// its owner, its files.
func (s *Server) Change(id string, edit func(*Asset)) error { panic("being written") }

// Remove deletes an asset, archived or not.
func (s *Server) Remove(id string) error { panic("being written") }

// AddBucket puts a bucket into the deployment, or replaces one of that name.
func (s *Server) AddBucket(b Bucket) error { panic("being written") }

// PutObject adds objects to a bucket, in memory; those of the same key are
// replaced, whatever they were.
func (s *Server) PutObject(bucket string, objects ...Generated) error { panic("being written") }

// DeleteObject removes objects from a bucket's view; files on disk stay.
func (s *Server) DeleteObject(bucket string, keys ...string) error { panic("being written") }

// AddComputation makes a computation that assets can be created from.
func (s *Server) AddComputation(c Computation) error { panic("being written") }

// SetTokens replaces the tokens that are let in.
func (s *Server) SetTokens(tokens ...Token) { panic("being written") }

// SetQuirks edits the quirks; requests under way keep the old ones.
func (s *Server) SetQuirks(edit func(*Quirks)) { panic("being written") }

// SetShape changes how slow the network is, also for open connections.
func (s *Server) SetShape(shape Shape) { panic("being written") }

// SetURLLifetime changes how long URLs signed from now on are good for.
func (s *Server) SetURLLifetime(d time.Duration) { panic("being written") }

// RevokeURLs ends every URL signed until now, whatever its expiry says, as
// when the signer's own session ends (ExpiredToken).
func (s *Server) RevokeURLs() { panic("being written") }

// Inject makes requests fail until remove is called. Of several faults that
// match, the one injected first and not yet used up applies.
func (s *Server) Inject(f Fault) (remove func()) { panic("being written") }

// Counts is what each route has seen since the start or the last ResetCounts:
// "search", "get", "create", "update", "archive", "permissions.get",
// "permissions.set", "delete", "transfer", "files", "urls", "download_url",
// "metadata", and on the S3 side "s3.ListBuckets", "s3.HeadBucket",
// "s3.GetBucketLocation", "s3.ListObjects", "s3.ListObjectsV2",
// "s3.HeadObject", "s3.GetObject"; "other" and "s3.other" for the rest.
func (s *Server) Counts() map[string]Count { panic("being written") }

// Requests is Counts of one route, its requests alone.
func (s *Server) Requests(route string) int64 { panic("being written") }

// ResetCounts starts counting anew.
func (s *Server) ResetCounts() { panic("being written") }

// Conns is how many connections the API's side and the S3 side have accepted,
// and how many are open now.
func (s *Server) Conns() (api, s3 Conns) { panic("being written") }

// Conns counts connections.
type Conns struct{ Accepted, Open int64 }
