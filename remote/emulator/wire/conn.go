package wire

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// chunk is how much a connection carries between two looks at its rate: at
// 80 MB/s, what S3 gives, it is 1.6 ms, which a timer can keep.
const chunk = 128 << 10

// freeChunk is the same where there is no rate to keep: large, so that it costs
// nothing, and bounded, so that a rate set meanwhile soon holds.
const freeChunk = 4 << 20

// Listener accepts connections that keep the network's rates.
type Listener struct {
	net.Listener
	net            *Net
	accepted, open atomic.Int64
}

// Conns is how many connections have been accepted and how many are open.
func (l *Listener) Conns() (accepted, open int64) {
	return l.accepted.Load(), l.open.Load()
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(errors.New("not a TCP listener"), c.Close())
	}
	l.accepted.Add(1)
	l.open.Add(1)
	return &conn{TCPConn: tcp, listener: l, closed: make(chan struct{})}, nil
}

// conn is a connection that sends no faster than it may. Of TCPConn it keeps
// the way to send a file without touching its bytes.
type conn struct {
	*net.TCPConn
	listener *Listener
	own      pacer
	closing  sync.Once
	closed   chan struct{}
}

// Close also wakes a Write that waits for its turn.
func (c *conn) Close() error {
	c.closing.Do(func() {
		c.listener.open.Add(-1)
		close(c.closed)
	})
	return c.TCPConn.Close()
}

// turn waits until up to want bytes may go, and says how many. middle tells
// that others of the same call went just before.
func (c *conn) turn(want int64, middle bool) (int64, error) {
	shape := c.listener.net.Shape()
	if shape.ConnRate <= 0 && shape.TotalRate <= 0 {
		return min(want, freeChunk), nil
	}
	want = min(want, chunk)
	wait := max(c.own.reserve(want, shape.ConnRate, middle), c.listener.net.total.reserve(want, shape.TotalRate, middle))
	// Shorter sleeps would overshoot by more than their length; the pacers
	// remember what was not waited.
	if wait < time.Millisecond/2 {
		return want, nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return want, nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

// Write sends b at the connection's rate.
func (c *conn) Write(b []byte) (sent int, err error) {
	for len(b) > 0 {
		n, err := c.turn(int64(len(b)), sent > 0)
		if err != nil {
			return sent, err
		}
		m, err := c.TCPConn.Write(b[:n])
		sent += m
		if err != nil {
			return sent, err
		}
		b = b[m:]
	}
	return sent, nil
}

// ReadFrom sends what r holds at the connection's rate: by sendfile when r is
// a file, or a piece of one.
func (c *conn) ReadFrom(r io.Reader) (sent int64, err error) {
	left := int64(1<<63 - 1)
	whole, limited := r.(*io.LimitedReader)
	if limited { // sendfile sees through one limit, not two
		r, left = whole.R, whole.N
	}
	_, isFile := r.(interface{ Fd() uintptr })
	for left > 0 {
		n, err := c.turn(left, sent > 0)
		if err != nil {
			return sent, err
		}
		piece := &io.LimitedReader{R: r, N: n}
		var m int64
		if isFile {
			m, err = c.TCPConn.ReadFrom(piece)
		} else {
			m, err = c.copy(piece)
		}
		sent += m
		left -= m
		if limited {
			whole.N = left
		}
		if err != nil || m < n {
			return sent, err
		}
	}
	return sent, nil
}

// buffers hold generated content on its way out: of the size that costs the
// fewest system calls and still stays in a core's cache.
var buffers = sync.Pool{New: func() any { b := make([]byte, chunk); return &b }}

func (c *conn) copy(r io.Reader) (int64, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	// Without the wrapper CopyBuffer would come back to ReadFrom.
	return io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, r, *buf)
}
