package test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// proxy carries connections to a server, until it does something worse to them:
// what happens below HTTP, where the emulator's own faults do not reach.
type proxy struct {
	t    testing.TB
	addr string // stays the same while nobody listens
	tls  *tls.Config

	mu       sync.Mutex // guards what follows
	target   string
	listener net.Listener
	hole     func() // ends a black hole
	conns    map[*carried]bool
	flip     int64 // the byte of the next long answer to flip, 0 for none
}

// carried is a connection on its way through.
type carried struct {
	client, server net.Conn
	frozen         chan struct{} // closed: not a byte passes any more
	freeze         func()
}

// newProxy listens on an address of its own, which nobody takes while it is
// free: not 127.0.0.1, where ports are given out to all tests. With a config it
// speaks TLS to its clients.
func newProxy(t testing.TB, conf *tls.Config) *proxy {
	t.Helper()
	p := &proxy{t: t, conns: map[*carried]bool{}, tls: conf}
	p.addr = fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(200), rand.IntN(250), 2+rand.IntN(250))
	p.listen()
	t.Cleanup(p.refuse)
	return p
}

func (p *proxy) to(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// url is where clients are sent.
func (p *proxy) url() string {
	if p.tls != nil {
		return "https://" + p.addr
	}
	return "http://" + p.addr
}

func (p *proxy) port() string {
	_, port, _ := net.SplitHostPort(p.addr)
	return port
}

// listen begins, or begins again.
func (p *proxy) listen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hole != nil {
		p.hole()
		p.hole = nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.addr, p.listener = l.Addr().String(), l
	if p.tls != nil {
		l = tls.NewListener(l, p.tls)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.carry(c)
		}
	}()
}

// refuse closes the port, and every connection.
func (p *proxy) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	if p.hole != nil {
		p.hole()
		p.hole = nil
	}
	for c := range p.conns {
		c.close()
	}
}

func (p *proxy) stopListening() {
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
}

// reset breaks what is open, by an RST to the client.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if tcp, ok := c.client.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.close()
	}
}

// freeze lets nothing through any more on what is open, as after a suspend.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.freeze()
	}
}

// blackHole freezes what is open and swallows what comes: the queue of a socket
// on which nobody accepts is full, and the kernel drops the SYNs of the others.
func (p *proxy) blackHole() {
	p.freeze()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopListening()
	var err error
	if p.hole, err = blackHole(p.addr); err != nil {
		p.t.Error(err)
	}
}

// blackHole makes an address that does not answer, without any rights.
func blackHole(addr string) (end func(), err error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	family, sa := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: at.Port, Addr: [16]byte(at.IP.To16())})
	if ip := at.IP.To4(); ip != nil {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(ip)}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var filling []net.Conn
	end = func() {
		unix.Close(fd)
		for _, c := range filling {
			c.Close()
		}
	}
	if err := errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(fd, sa), unix.Listen(fd, 0),
	); err != nil {
		end()
		return nil, err
	}
	if at.Port == 0 {
		end()
		return nil, errors.New("a black hole needs a port")
	}
	for range 8 {
		c, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			return end, nil // it is full
		}
		filling = append(filling, c)
	}
	end()
	return nil, errors.New("the kernel takes every connection")
}

// flipByte inverts a bit at so many bytes of the next answer that is so long.
func (p *proxy) flipByte(at int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flip = at
}

func (p *proxy) carry(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		client.Close()
		return
	}
	c := &carried{client: client, server: server, frozen: make(chan struct{})}
	c.freeze = sync.OnceFunc(func() { close(c.frozen) })
	p.mu.Lock()
	p.conns[c] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
		c.close()
	}()
	go func() {
		p.copy(c, server, client, false)
		c.close()
	}()
	p.copy(c, client, server, true)
}

// copy carries bytes until either side ends, or for ever if frozen.
func (p *proxy) copy(c *carried, to, from net.Conn, answers bool) {
	buf := make([]byte, 64<<10)
	var at int64
	for {
		n, err := from.Read(buf)
		select {
		case <-c.frozen:
			if err == nil {
				continue // into nothing
			}
			return
		default:
		}
		if answers {
			p.mu.Lock()
			if i := p.flip - at; p.flip > 0 && i >= 0 && i < int64(n) {
				buf[i] ^= 1
				p.flip = 0
			}
			p.mu.Unlock()
		}
		at += int64(n)
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}

func (c *carried) close() {
	c.client.Close()
	c.server.Close()
}

// nameServer answers every question for an address from a table that tests
// change. It needs port 53, and so root.
type nameServer struct {
	addr string // an IP address of its own

	mu    sync.Mutex // guards what follows
	hosts map[string][]net.IP
	code  byte // answered instead: 2 SERVFAIL, 3 NXDOMAIN; 255 is silence
}

func newNameServer(t testing.TB) *nameServer {
	t.Helper()
	n := &nameServer{hosts: map[string][]net.IP{}}
	n.addr = fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(200), rand.IntN(250), 2+rand.IntN(250))
	l, err := net.ListenPacket("udp", n.addr+":53")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			size, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := n.answer(buf[:size]); answer != nil {
				l.WriteTo(answer, from)
			}
		}
	}()
	return n
}

func (n *nameServer) set(code byte, host string, ips ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.code = code
	n.hosts[host] = nil
	for _, ip := range ips {
		n.hosts[host] = append(n.hosts[host], net.ParseIP(ip))
	}
}

// answer is that to one question, in the format of RFC 1035.
func (n *nameServer) answer(q []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(q) < 17 || n.code == 255 {
		return nil
	}
	name, at := "", 12
	for q[at] != 0 && at+1+int(q[at]) < len(q)-4 {
		name += string(q[at+1:at+1+int(q[at])]) + "."
		at += 1 + int(q[at])
	}
	kind := q[at+2] // 1 for IPv4, 28 for IPv6
	a := append([]byte{q[0], q[1], 0x81, 0x80 | n.code, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:at+5]...)
	if n.code != 0 {
		return a
	}
	for _, ip := range n.hosts[name] {
		data := []byte(ip.To4())
		if data == nil {
			data = ip
		}
		if (kind == 28) != (len(data) == 16) {
			continue
		}
		a[7]++
		a = append(a, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, byte(len(data)))
		a = append(a, data...)
	}
	return a
}

// webProxy is a proxy as companies have them: it connects whoever knows the
// password to any host, which is here always the one of the table.
type webProxy struct {
	addr  string
	hosts map[string]string // host:port → where it is

	mu       sync.Mutex // guards what follows
	refuses  int        // with this status
	connects map[string]int
}

func newWebProxy(t testing.TB, hosts map[string]string) *webProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	w := &webProxy{addr: l.Addr().String(), hosts: hosts, connects: map[string]int{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(c)
		}
	}()
	return w
}

func (w *webProxy) refuse(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuses = status
}

func (w *webProxy) to(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.connects[host]
}

func (w *webProxy) serve(c net.Conn) {
	defer c.Close()
	var head []byte
	for b := make([]byte, 1); len(head) < 4 || string(head[len(head)-4:]) != "\r\n\r\n"; head = append(head, b[0]) {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
	var host string
	if _, err := fmt.Sscanf(string(head), "CONNECT %s HTTP", &host); err != nil {
		return
	}
	w.mu.Lock()
	w.connects[host]++
	status := w.refuses
	w.mu.Unlock()
	if status != 0 {
		fmt.Fprintf(c, "HTTP/1.1 %d no\r\nContent-Length: 0\r\n\r\n", status)
		return
	}
	server, err := net.Dial("tcp", w.hosts[host])
	if err != nil {
		return
	}
	defer server.Close()
	fmt.Fprintf(c, "HTTP/1.1 200 ok\r\n\r\n")
	go func() {
		io.Copy(server, c)
		server.Close()
	}()
	io.Copy(c, server)
}
