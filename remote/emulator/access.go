package emulator

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"codeoceanfs/remote/emulator/s3"
	"codeoceanfs/remote/emulator/sigv4"
)

// access is who may come in: the API's tokens and the endpoint's keys.
type access struct {
	mu       sync.RWMutex // guards all below
	tokens   map[string]Token
	owner    Token // the first of the tokens: who owns what names no owner
	keys     map[string]s3.Key
	platform []sigv4.Key // the platform's own, the newest last; the others are revoked
}

func newAccess(d Deployment) *access {
	a := &access{}
	if len(d.Tokens) == 0 {
		d.Tokens = DefaultTokens()
	}
	if len(d.S3Keys) == 0 {
		d.S3Keys = DefaultS3Keys()
	}
	a.setTokens(d.Tokens)
	a.setKeys(d.S3Keys)
	a.rotate()
	return a
}

func (a *access) setKeys(keys []S3Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = make(map[string]s3.Key, len(keys))
	for _, k := range keys {
		a.keys[k.AccessKey] = s3.Key{Key: sigv4.Key{Access: k.AccessKey, Secret: k.SecretKey, Session: k.SessionToken}, Revoked: k.Expired}
	}
}

func (a *access) setTokens(tokens []Token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens = make(map[string]Token, len(tokens))
	for _, t := range tokens {
		a.tokens[t.Token] = t
	}
	if len(tokens) > 0 {
		a.owner = tokens[0]
	}
}

// first is the user of the first token.
func (a *access) first() Token {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.owner
}

// user finds whom a token stands for.
func (a *access) user(token string) (Token, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	t, ok := a.tokens[token]
	return t, ok
}

// key finds an access key of the S3 endpoint.
func (a *access) key(name string) (s3.Key, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for i, k := range a.platform {
		if k.Access == name {
			return s3.Key{Key: k, Revoked: i < len(a.platform)-1}, true
		}
	}
	k, ok := a.keys[name]
	return k, ok
}

// rotate gives the platform a new key to sign with, and revokes the old ones.
func (a *access) rotate() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.platform = append(a.platform, sigv4.Key{Access: "ASIA" + rand.Text()[:16], Secret: rand.Text(), Session: rand.Text()})
}

// platformKeys are the names of the platform's own keys.
func (a *access) platformKeys() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var names []string
	for _, k := range a.platform {
		names = append(names, k.Access)
	}
	return names
}

// sign makes the URL of an internal asset's file.
func (a *access) sign(base, path string, query map[string][]string, lifetime time.Duration) (string, error) {
	a.mu.RLock()
	key := a.platform[len(a.platform)-1]
	a.mu.RUnlock()
	return sigv4.Presign(key, defaultRegion, base, "/"+ownBucket+"/"+path, query, time.Now(), lifetime)
}

// role is what a user may do with an asset: each may do what the lesser may.
type role int

const (
	nobody role = iota
	discoverer
	viewer
	editor
	owner
)

var roles = map[string]role{"discoverable": discoverer, "viewer": viewer, "editor": editor, "owner": owner}

// roleOf is the user's best role.
func (t Token) roleOf(e *entry) role {
	if t.Admin || e.Owner == t.User || e.OwnerEmail != "" && e.OwnerEmail == t.Email {
		return owner
	}
	p := e.Permissions
	if p == nil {
		return nobody
	}
	best := roles[p.Everyone] // "none" is nobody
	for _, u := range p.Users {
		if u.Email == t.Email {
			best = max(best, roles[u.Role])
		}
	}
	for _, g := range p.Groups {
		if slices.Contains(t.Groups, g.Group) {
			best = max(best, roles[g.Role])
		}
	}
	return best
}
