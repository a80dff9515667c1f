package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs the certificates of servers that only tests believe.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // what SSL_CERT_FILE names
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "authority of the tests"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return &authority{cert, key, file}
}

// config is that of a server of the host, whose certificate lives so long yet.
func (a *authority) config(t testing.TB, lives time.Duration, host string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(lives),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func hostOnly(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return host
}

// resolved is a rig whose platform has a name, which a server of the test's own
// resolves. The mount is in a mount namespace of its own, where that server is
// in resolv.conf.
type resolved struct {
	*rig
	dns   *nameServer
	front *proxy // of the platform, at its address
	ca    string // the file of who signed its certificate
}

const platformName = "api.faults.test"

func newResolved(r *rig) *resolved {
	r.t.Helper()
	ca := newAuthority(r.t)
	n := &resolved{rig: r, ca: ca.file, dns: newNameServer(r.t), front: newProxy(r.t, ca.config(r.t, time.Hour, platformName))}
	n.front.to(hostOf(r.APIURL()))
	n.dns.set(0, platformName+".", hostOnly(n.front.addr))
	resolv := filepath.Join(r.t.TempDir(), "resolv.conf")
	must(r.t, os.WriteFile(resolv, []byte("nameserver "+n.dns.addr+"\noptions timeout:1 attempts:1\n"), 0o644))
	r.prefix = []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, resolv}
	return n
}

// mount mounts, with the network's default patience where flags say so.
func (n *resolved) mount(flags ...string) {
	n.t.Helper()
	env := append(n.environment(n.t), "CODEOCEAN_DOMAIN=https://"+platformName+":"+n.front.port(), "SSL_CERT_FILE="+n.ca, "GODEBUG=netdns=go")
	flags = append(append([]string{"--s3-endpoint", n.store.url(), "--refresh-interval", "1h"}, n.flags...), flags...)
	m, err := n.tryMountBy(n.t, n.prefix, n.t.TempDir(), env, flags...)
	must(n.t, err)
	n.m = m
	n.m.run("ls", n.nextFolder())
	n.base = n.usage()
}

func namesFail(r *rig) {
	n := newResolved(r)
	n.mount()
	for what, code := range map[string]byte{"no such name": 3, "the server fails": 2, "silence": 255} {
		n.front.reset() // what was connected needs no name
		n.dns.set(code, platformName+".", hostOnly(n.front.addr))
		folder := n.nextFolder()
		_, err := n.answersWithin(n.metadata, "ls", folder)
		if err == nil {
			n.t.Errorf("%s: listed all the same", what)
		}
		n.m.logged(platformName)
		n.dns.set(0, platformName+".", hostOnly(n.front.addr))
		healed := time.Now()
		eventually(n.t, what+", healed", func() error {
			_, err := n.m.try("ls", folder)
			return err
		})
		n.outcome.recovered(time.Since(healed))
	}
	if strings.Contains(n.m.log.String(), "/api/v1") {
		n.t.Error("the log holds URLs")
	}
	n.leftNothing()
}

func addressMoves(r *rig) {
	n := newResolved(r)
	n.mount()
	moved := newProxy(n.t, n.front.tls)
	moved.refuse()
	moved.addr = net.JoinHostPort(hostOnly(moved.addr), n.front.port())
	moved.to(hostOf(n.APIURL()))
	moved.listen()
	n.front.blackHole()
	n.front.reset()
	n.dns.set(0, platformName+".", hostOnly(moved.addr))
	_, err := n.answersWithin(n.metadata, "ls", n.nextFolder())
	if err != nil {
		n.t.Error(err)
	}
	n.leftNothing()
}

func firstAddressDead(r *rig) {
	n := newResolved(r)
	n.flags = nil // two addresses share the time to connect
	n.mount()
	dead := "127.0.0.2"
	for _, addr := range []string{net.JoinHostPort(dead, n.front.port()), net.JoinHostPort("::1", n.front.port())} {
		end, err := blackHole(addr)
		if err != nil {
			n.t.Logf("%s: %v", addr, err)
			continue
		}
		defer end()
		n.dns.set(0, platformName+".", hostOnly(addr), hostOnly(n.front.addr))
		n.front.reset()
		if _, err := n.answersWithin(5*time.Second, "ls", n.nextFolder()); err != nil {
			n.t.Errorf("%s is dead: %v", addr, err)
		}
	}
	n.leftNothing()
}
