// Package standin answers for the parts of AWS that no emulator has: instances that really go down when they are rebooted,
// target groups that really look whether anybody answers, boots that can be asked for, mute rules that begin and end. It
// speaks the services' own wire protocols over a tests/world, and hands on what it doesn't know.
//
//	functions, sam, tests ──HTTP──► Server ─┬─ EC2        query, XML   DescribeInstances, DescribeInstanceStatus, RebootInstances
//	  (AWS_ENDPOINT_URL_EC2 and others)     ├─ ELBv2      query, XML   target groups, their targets and health
//	                                        ├─ SSM        JSON 1.1     managed nodes, SendCommand, maintenance windows, patches
//	                                        ├─ CloudWatch RPC, CBOR    alarm mute rules
//	                                        └─ all else ──► Upstream, the emulator, as it came
//
// It lists in pages of three, whatever page was asked for, as AWS may.
package standin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"quickstep/tests/world"
)

// page is the most that one answer lists.
const page = 3

// maxBody is more than any request that is made here, SQS's and Lambda's included.
const maxBody = 64 << 20

// Server is the HTTP handler. On a virtual clock nothing else may use the world while a request is answered.
type Server struct {
	// Rebooted is told of every RebootInstances that had its effect, before its caller is. peer is the caller's address.
	Rebooted func(instance, peer string)

	world    *world.World
	upstream *httputil.ReverseProxy
	mu       sync.Mutex
	commands map[string]bool // of Systems Manager, that were given
}

// New makes a server for a world. Without an upstream, what it doesn't know is an error.
func New(w *world.World, upstream *url.URL) *Server {
	s := &Server{world: w, commands: map[string]bool{}}
	if upstream != nil {
		s.upstream = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host // it is part of what was signed
		}}
	}
	return s
}

// ServeHTTP finds the service by what only its protocol has.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if answer := s.find(r, body); answer != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		answer(w)
		return
	}
	if s.upstream == nil {
		http.Error(w, fmt.Sprintf("standin: nobody answers %s %s %s", r.Method, r.URL.Path, r.Header.Get("X-Amz-Target")), http.StatusNotImplemented)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.upstream.ServeHTTP(w, r)
}

// find is the answer to a request, nil if it isn't one of ours.
func (s *Server) find(r *http.Request, body []byte) func(http.ResponseWriter) {
	if operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM."); ok {
		return s.ssm(r.Context(), operation, body)
	}
	if operation, ok := strings.CutPrefix(r.URL.Path, "/service/GraniteServiceVersion20100801/operation/"); ok {
		return s.cloudWatch(r.Context(), operation, body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	q := query{form}
	switch q.Get("Version") {
	case "2016-11-15":
		return s.ec2(r.Context(), q, r.RemoteAddr)
	case "2015-12-01":
		return s.elb(r.Context(), q)
	}
	return nil
}
