package redistest

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// Fake answers as an older or a hanging server might: each command gets what is
// answered to its name, an error where nothing is; "" is silence.
func Fake(t testing.TB, answers map[string]string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveFake(c, answers)
		}
	}()
	return l.Addr().String()
}

// serveFake reads commands as arrays of bulk strings: *1 $4 PING.
func serveFake(c net.Conn, answers map[string]string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		head, err := in.ReadString('\n')
		if err != nil || !strings.HasPrefix(head, "*") {
			return
		}
		words := make([]string, atoi(head[1:]))
		for i := range words {
			size, err := in.ReadString('\n')
			if err != nil {
				return
			}
			word := make([]byte, atoi(size[1:])+2)
			if _, err := io.ReadFull(in, word); err != nil {
				return
			}
			words[i] = string(word[:len(word)-2])
		}
		answer, known := answers[strings.ToUpper(words[0])]
		if !known {
			answer = "-ERR unknown command '" + words[0] + "'\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

func atoi(s string) (n int) {
	for _, digit := range strings.TrimSpace(s) {
		n = 10*n + int(digit-'0')
	}
	return n
}
