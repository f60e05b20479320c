package loadenv

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Ports of the instances lie below those that systems give to outgoing connections (Linux 32768, macOS 49152 and
// above): nobody takes one by chance while its instance is down. Programs that run at the same time begin at
// different ones.
const (
	firstPort = 20000
	portRange = 10000
)

// Server is one application of one instance: a real HTTP server that is there only while the instance is up.
type Server struct {
	group, instance string
	host            string
	Port            int
	working         atomic.Int64 // requests under way

	mu   sync.Mutex
	http *http.Server // nil while down
	cut  int64        // requests that were under way when the instance went down
	err  error        // why it couldn't come back
}

// Servers are all servers of the fleet by instance.
type Servers struct {
	byInstance map[string][]*Server
	next       int
}

// NewServers makes an empty fleet of servers.
func NewServers() *Servers {
	return &Servers{byInstance: map[string][]*Server{}, next: os.Getpid() * 64 % portRange}
}

// Add starts a server on the next port that is free.
func (all *Servers) Add(ctx context.Context, group, instance string) (*Server, error) {
	var err error
	for range 1000 {
		s := &Server{group: group, instance: instance, host: "127.0.0.1", Port: firstPort + all.next%portRange}
		all.next++
		if err = s.start(ctx); err == nil {
			all.byInstance[instance] = append(all.byInstance[instance], s)
			return s, nil
		}
	}
	return nil, fmt.Errorf("find a free port from %d on: %w", firstPort, err)
}

// AddAt starts a server at an address of its instance's own.
func (all *Servers) AddAt(ctx context.Context, group, instance, host string, port int) error {
	s := &Server{group: group, instance: instance, host: host, Port: port}
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("start %s on %s: %w", group, instance, err)
	}
	all.byInstance[instance] = append(all.byInstance[instance], s)
	return nil
}

// Changed follows an instance: its servers are there while it answers.
func (all *Servers) Changed(ctx context.Context, instance string, answers bool) {
	for _, s := range all.byInstance[instance] {
		if !answers {
			s.stop()
			continue
		}
		if err := s.start(ctx); err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
	}
}

// Close ends all servers.
func (all *Servers) Close() {
	for _, list := range all.byInstance {
		for _, s := range list {
			s.stop()
		}
	}
}

// Damage is how many requests were cut off by instances that went down, and what kept servers from coming back.
func (all *Servers) Damage() (cut int, troubles []error) {
	for _, list := range all.byInstance {
		for _, s := range list {
			s.mu.Lock()
			cut += int(s.cut)
			if s.err != nil {
				troubles = append(troubles, fmt.Errorf("start %s on %s again: %w", s.group, s.instance, s.err))
			}
			s.mu.Unlock()
		}
	}
	return cut, troubles
}

func (s *Server) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.Port)) }

func (s *Server) start(ctx context.Context) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", s.address())
	if err != nil {
		return err
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.mu.Lock()
	s.http = h
	s.mu.Unlock()
	go func() { _ = h.Serve(l) }() // ends with Close
	return nil
}

// stop ends the server the way a reboot does: connections break off, new ones are refused.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil {
		return
	}
	s.cut += s.working.Load()
	_ = s.http.Close() // there is nobody to tell
	s.http = nil
}

// ServeHTTP answers health checks at once, and requests after the time that they say they take. The answer says
// which group was asked and repeats the request's word, so that a client sees whether it is its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		fmt.Fprintln(w, "ready")
		return
	}
	s.working.Add(1)
	defer s.working.Add(-1)
	if take, err := time.ParseDuration(r.URL.Query().Get("take")); err == nil {
		select {
		case <-time.After(take):
		case <-r.Context().Done():
		}
	}
	fmt.Fprintf(w, "%s %s", s.group, r.URL.Query().Get("word"))
}
