package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// explain says what to do about the errors that people meet.
func (a Address) explain(err error) error {
	for _, advise := range []func(error) string{adviseNetwork, adviseTLS, adviseAnswer, a.adviseSilence} {
		if advice := advise(err); advice != "" {
			return fmt.Errorf("%w (%s)", err, advice)
		}
	}
	return err
}

// adviseSilence: a server without TLS waits for the end of what it takes for a
// command.
func (a Address) adviseSilence(err error) string {
	late := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case late && strings.HasPrefix(a.URL, "rediss:"):
		return "it does not answer in time: if it speaks no TLS, write redis:// for rediss://"
	case late:
		return "it does not answer in time"
	}
	return ""
}

func adviseNetwork(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "there is no such host: look at the name in `store`"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: is it running, and is the port right?"
	case errors.Is(err, os.ErrNotExist):
		return "there is no such socket: is it running, and does its `unixsocket` name this path?"
	case errors.Is(err, os.ErrPermission):
		return "we may not open that socket: look at its `unixsocketperm`"
	}
	return ""
}

func adviseTLS(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch text := err.Error(); {
	case errors.As(err, &unknown):
		return "its certificate is signed by nobody we trust: name its authority in `tls: {ca_file: …}`"
	case errors.As(err, &name):
		return "its certificate is for another name: write the name that stands in it"
	case errors.As(err, &record):
		return "it speaks no TLS: write redis:// for rediss://, or leave `tls` out"
	case strings.Contains(text, "certificate required"), strings.Contains(text, "handshake failure"):
		return "it wants a client certificate: name one in `tls: {cert_file: …, key_file: …}`"
	case strings.Contains(text, "bad certificate"), strings.Contains(text, "unknown certificate authority"):
		return "it does not trust our client certificate: look at `cert_file`"
	case errors.As(err, &alert):
		return "TLS fails: look at `tls`"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), strings.Contains(text, `"\x15\x03`):
		return "it closes the connection: if it wants TLS, write rediss:// for redis://, or `tls: {ca_file: …}`"
	}
	return ""
}

// adviseAnswer knows what servers say, of which the client keeps the words only.
func adviseAnswer(err error) string {
	text := err.Error()
	for _, known := range []struct{ says, advice string }{
		{"WRONGPASS", "wrong user or password: look at `user` and `password_file` of the store"},
		{"NOAUTH", "it wants a password: write `password_file` for the store"},
		{"invalid DB index", "it has no database of that number"},
		{"DB index is out of range", "it has no database of that number"},
		{"SELECT is not allowed in cluster mode", "it is a node of a cluster: write redis+cluster:// for redis://"},
		{"OOM", "it is full (maxmemory): give it more, or shorten `retain`"},
		{"MISCONF", "it cannot save to its disk, and so takes nothing more: look at its log"},
		{"NOPERM", "the user may not do that: it needs ~{PREFIX}* &* +@all -@admin -@dangerous +info +cluster"},
		{"READONLY", "it is a replica: write the address of its master, or of its sentinels"},
		{"LOADING", "it is still reading its file: try again"},
		{"CLUSTERDOWN", "the cluster is not whole: look at CLUSTER INFO"},
		{"MOVED", "it is a node of a cluster: write redis+cluster:// for redis://"},
		{"cluster support disabled", "it is no cluster: write redis:// for redis+cluster://"},
		{"unknown command 'sentinel'", "it is no sentinel: write redis:// for redis+sentinel://, or the sentinel's port, 26379"},
		{"unreachable: redis: nil", "its sentinels know no master of that name: look at the name behind the hosts"},
		{"all sentinels specified in configuration are unreachable", "no sentinel answers: look at the hosts"},
	} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(known.says)) {
			return known.advice
		}
	}
	return ""
}
