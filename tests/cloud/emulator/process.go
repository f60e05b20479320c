package emulator

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// child is a process that MiniStack has started.
type child struct {
	pid         int
	environment []string
}

// Kill ends the process at the other end of a connection as a machine that dies would, and says which function it was.
func (e *Emulator) Kill(peer string) (function string, err error) {
	inode, err := socket(peer)
	if err != nil {
		return "", err
	}
	children, err := e.children()
	if err != nil {
		return "", err
	}
	for _, c := range children {
		if !c.has(inode) {
			continue
		}
		for _, variable := range c.environment {
			if name, ok := strings.CutPrefix(variable, "AWS_LAMBDA_FUNCTION_NAME="); ok {
				return name, syscall.Kill(c.pid, syscall.SIGKILL)
			}
		}
	}
	return "", fmt.Errorf("none of MiniStack's functions has the connection from %s", peer)
}

// socket is how Linux calls the socket of a local address, such as 127.0.0.1:40123.
func socket(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", err
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return "", fmt.Errorf("this needs Linux: %w", err)
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // number, local address, remote address, state … the tenth is the inode
		if len(fields) > 9 && fields[1] == fmt.Sprintf("0100007F:%04X", number) && fields[9] != "0" {
			return "socket:[" + fields[9] + "]", nil
		}
	}
	return "", fmt.Errorf("nobody has the address %s", address)
}

// has says whether a process has a socket open.
func (c child) has(socket string) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", c.pid))
	return slices.ContainsFunc(files, func(file string) bool {
		to, err := os.Readlink(file)
		return err == nil && to == socket
	})
}

// children are MiniStack's, as Linux shows them.
func (e *Emulator) children() (found []child, err error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return nil, fmt.Errorf("there is no /proc with processes in it: this needs Linux")
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := bytes.Cut(text, []byte(") ")) // the name before may hold anything
		fields := strings.Fields(string(rest))      // state, parent …
		if len(fields) < 2 || fields[1] != strconv.Itoa(e.command.Process.Pid) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		if environment, err := environment(pid); err == nil {
			found = append(found, child{pid, environment})
		}
	}
	return found, nil
}

func environment(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return strings.Split(string(text), "\x00"), err
}
