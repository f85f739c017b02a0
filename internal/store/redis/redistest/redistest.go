// Package redistest runs real Redis servers for tests.
package redistest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Server is one redis-server on loopback.
type Server struct {
	Address string
	cmd     *exec.Cmd
	dir     string
	args    []string
	secure  bool
	file    string // a sentinel's configuration, which it rewrites
}

// URL is its address as a store's.
func (s *Server) URL() string { return "redis://" + s.Address }

// Start runs a server that ends with the test; arguments are lines of its
// configuration.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, &Server{args: args})
}

// StartTLS is Start for a server that speaks nothing but TLS.
func StartTLS(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, &Server{args: args, secure: true})
}

func start(t testing.TB, s *Server) *Server {
	t.Helper()
	s.Address, s.dir = free(t), t.TempDir()
	s.Run(t)
	t.Cleanup(s.Kill)
	return s
}

// Run starts the process, and waits until it answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.Address)
	args := []string{"--port", port}
	if s.secure {
		args = []string{"--port", "0", "--tls-port", port}
	}
	args = append(append(args, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--daemonize", "no"), s.args...)
	if s.file != "" {
		args = []string{s.file, "--sentinel", "--port", port, "--bind", "127.0.0.1", "--dir", s.dir}
	}
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
	if s.secure {
		c, err := tls.Dial("tcp", s.Address, &tls.Config{InsecureSkipVerify: true}) // whether it is up
		if err == nil {
			c.Close()
		}
		return err
	}
	answer, err := s.ask("PING")
	if err == nil && answer != "+PONG" && !strings.HasPrefix(answer, "-NOAUTH") {
		err = errors.New(answer)
	}
	return err
}

// ask sends one command of words without blanks, and gives the answer, of several
// the first line. (redis-cli would be another package to install.)
func (s *Server) ask(words ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Address, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := fmt.Fprintf(c, "%s\r\n", strings.Join(words, " ")); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if size, bulk := strings.CutPrefix(line, "$"); bulk && err == nil {
		text := make([]byte, atoi(size))
		_, err := io.ReadFull(in, text)
		return string(text), err
	}
	return strings.TrimSpace(line), err
}

// Do has the server do something that must go well, and gives its answer.
func (s *Server) Do(t testing.TB, words ...string) string {
	t.Helper()
	answer, err := s.ask(words...)
	if err != nil || strings.HasPrefix(answer, "-") {
		t.Fatalf("%s: %s, %v", words, answer, err)
	}
	return answer
}

// Figure is a number of INFO: used_memory in bytes, used_cpu_user in seconds.
func (s *Server) Figure(t testing.TB, section, name string) float64 {
	t.Helper()
	_, rest, _ := strings.Cut(s.Do(t, "INFO", section), name+":")
	digits, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Memory is what it uses, in bytes, and CPU what its one thread used, in seconds.
func (s *Server) Memory(t testing.TB) int64 { return int64(s.Figure(t, "memory", "used_memory")) }

func (s *Server) CPU(t testing.TB) float64 {
	return s.Figure(t, "cpu", "used_cpu_user_main_thread") + s.Figure(t, "cpu", "used_cpu_sys_main_thread")
}

// until waits for the server to answer so.
func (s *Server) until(t testing.TB, holds string, words ...string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		answer, err := s.ask(words...)
		if err == nil && strings.Contains(answer, holds) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: no %q in 30 s; last %s, %v", words, holds, answer, err)
		}
	}
}

// Kill ends the process as a power cut does.
func (s *Server) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	}
}

// StartSentinel runs a sentinel that watches a server as a master of that name;
// more are lines of its configuration.
func StartSentinel(t testing.TB, master *Server, name string, more ...string) *Server {
	t.Helper()
	return startSentinel(t, master, name, 1, more...)
}

func startSentinel(t testing.TB, master *Server, name string, quorum int, more ...string) *Server {
	t.Helper()
	lines := append([]string{
		fmt.Sprint("sentinel monitor ", name, " ", strings.Replace(master.Address, ":", " ", 1), " ", quorum), "sentinel down-after-milliseconds " + name + " 500",
		"sentinel failover-timeout " + name + " 3000",
	}, more...)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, &Server{file: file})
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
