// Package redistest runs real Redis servers for tests.
package redistest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// addressEnv names the server to a test that runs itself again as a process.
const addressEnv = "REDISTEST_ADDRESS"

// A Server is one redis-server on loopback.
type Server struct {
	Address string
	cmd     *exec.Cmd
	dir     string
	args    []string
}

// URL is its address as a store's.
func (s *Server) URL() string { return "redis://" + s.Address }

// Start runs a server that ends with the test; arguments are lines of its
// configuration. In a process that such a test started, it gives that test's.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if at := os.Getenv(addressEnv); at != "" {
		return &Server{Address: at}
	}
	s := &Server{Address: free(t), dir: t.TempDir(), args: args}
	s.Run(t)
	t.Setenv(addressEnv, s.Address)
	t.Cleanup(func() { s.Kill() })
	return s
}

// Run starts the process, and waits until it answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.Address)
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--daemonize", "no"}, s.args...)
	s.cmd = exec.Command("redis-server", args...)
	var out bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			t.Fatal("redis-server is not installed; `make test` installs it")
		}
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := s.ping(); err == nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("redis-server does not answer: %v\n%s", err, out.String())
		}
	}
}

func (s *Server) ping() error {
	c, err := net.DialTimeout("tcp", s.Address, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 5)
	if _, err := c.Read(answer); err != nil || string(answer) == "-LOAD" {
		return fmt.Errorf("%q, %v", answer, err)
	}
	return nil
}

// Kill ends the process as a power cut does.
func (s *Server) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	}
}

// free is an address of loopback that nobody listens at.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
