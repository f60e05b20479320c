// Package bootstrap runs a function's real binary as Lambda does: a process that asks the Runtime API for its next event,
// and answers there. It feeds them every event of events/, and bad variants of them.
//
//	Function ──► GET  /2018-06-01/runtime/invocation/next          an event, and how long there is
//	         ◄── POST /2018-06-01/runtime/invocation/<id>/response its answer
//	         ◄── POST /2018-06-01/runtime/invocation/<id>/error    or what went wrong
//
// A bad event must get an error in words, or be given back to its queue; the process has to survive it.
package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// patience is how long a binary may take for its start and for an event; milliseconds on an idle machine, but for the
// watchdog of a large account.
const patience = 30 * time.Second

// Answer is what a function made of an event.
type Answer struct {
	Body string
	// Error is the text of the error that it returned, empty if there was none.
	Error string
	Log   string // what it wrote meanwhile
}

// Function is a binary at work.
type Function struct {
	command *exec.Cmd
	server  *http.Server
	events  chan []byte
	answers chan Answer
	ended   chan error
	stop    context.CancelFunc

	log    *os.File // the process writes into it itself, so that nothing is on its way when the answer comes
	read   int64    // of it
	number atomic.Int64
}

// Start starts a binary with these variables and no others.
func Start(ctx context.Context, binary string, environment []string) (*Function, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "quickstep-bootstrap-*.log")
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	f := &Function{log: log, events: make(chan []byte), answers: make(chan Answer, 1), ended: make(chan error, 1), stop: stop}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(l) }() // ends with Close
	f.command = exec.CommandContext(ctx, binary)
	f.command.Env = append(environment, "AWS_LAMBDA_RUNTIME_API="+l.Addr().String(), "_HANDLER=bootstrap")
	f.command.Stdout, f.command.Stderr = log, log
	if err := f.command.Start(); err != nil {
		f.ended <- err
		f.Close()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() { f.ended <- f.command.Wait() }()
	return f, nil
}

// said is what the function has logged since it was asked the last time.
func (f *Function) said() string {
	text, err := io.ReadAll(io.NewSectionReader(f.log, f.read, 1<<20))
	if err != nil {
		return err.Error()
	}
	f.read += int64(len(text))
	return string(text)
}

// ServeHTTP is the Runtime API.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const prefix = "/2018-06-01/runtime/invocation/"
	what, ours := strings.CutPrefix(r.URL.Path, prefix)
	switch {
	case ours && what == "next" && r.Method == http.MethodGet:
		select {
		case <-r.Context().Done():
		case event := <-f.events:
			id := fmt.Sprintf("b0075742-0000-4000-8000-%012d", f.number.Add(1))
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(patience).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bootstrap")
			_, _ = w.Write(event)
		}
	case ours && r.Method == http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a := Answer{Body: string(body)}
		if strings.HasSuffix(what, "/error") {
			a.Error = failure(body)
		}
		w.WriteHeader(http.StatusAccepted)
		f.answers <- a
	default:
		http.NotFound(w, r)
	}
}

// failure is an error as the Runtime API gets it. A panic comes with its stack.
func failure(body []byte) string {
	var e struct {
		ErrorMessage, ErrorType string
		StackTrace              []json.RawMessage
	}
	switch err := json.Unmarshal(body, &e); {
	case err != nil:
		return "an error that is no JSON: " + string(body)
	case len(e.StackTrace) > 0:
		return "panic: " + e.ErrorMessage
	}
	return e.ErrorMessage
}

// Invoke hands over an event and waits for the answer. It fails if the process doesn't survive it.
func (f *Function) Invoke(ctx context.Context, event []byte) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case f.events <- event:
	case err := <-f.ended:
		return Answer{}, f.gone(err)
	case <-ctx.Done():
		return Answer{}, errors.New("it doesn't ask for an event")
	}
	select {
	case a := <-f.answers:
		a.Log = f.said()
		return a, nil
	case err := <-f.ended:
		return Answer{}, f.gone(err)
	case <-ctx.Done():
		return Answer{}, errors.New("it doesn't answer")
	}
}

func (f *Function) gone(err error) error {
	f.ended <- err
	return fmt.Errorf("the process has ended: %w; it said %s", err, f.said())
}

// Close ends the process.
func (f *Function) Close() {
	f.stop()
	<-f.ended
	_ = f.server.Close()
	_ = f.log.Close()
	_ = os.Remove(f.log.Name())
}
