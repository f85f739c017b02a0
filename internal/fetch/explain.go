package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// explain says what an error means and what to do about it.
func (v *visit) explain(err error) error {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var expired x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which the source's name stands for
	}
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("the document is larger than %s: raise fetch.max_size (or max_size of the source) if it is right", size(v.maxSize()))
	case errors.Is(err, errUnpacked):
		return fmt.Errorf("the document is larger than %s once it is unpacked: raise fetch.max_size (or max_size of the source) if it is right", size(v.maxSize()))
	case errors.Is(err, errBomb):
		return fmt.Errorf("the answer is a decompression bomb: it unpacks to a hundred times its size and more, and is larger than %s then; nothing was read. Raise fetch.max_size (or max_size of the source) only if you know better", size(v.maxSize()))
	case errors.Is(err, ssrf.ErrProhibitedIP):
		return fmt.Errorf("the address is in a private network, which is refused: list the network in fetch.allow_networks if it is yours (%w)", err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("there is no host %s: check the url (%w)", dns.Name, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped before the answer came: %w", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return fmt.Errorf("no answer within %s (fetch.timeout): %w", v.timeout, err)
	case strings.Contains(err.Error(), "headers exceeded"), strings.Contains(err.Error(), "header list larger"): // HTTP/1, HTTP/2
		return fmt.Errorf("the header of the answer is larger than %s: nothing was read; tell the publisher (%w)", size(maxHeader), err)
	case errors.As(err, &wrongName):
		return fmt.Errorf("the site's certificate is for another host, so nothing was read: check the url (%w)", err)
	case errors.As(err, &unknown):
		return fmt.Errorf("the site's certificate is signed by nobody we trust, so nothing was read: if it is right, give the source tls: {ca_file: …} (%w)", err)
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return fmt.Errorf("the site's certificate has expired, or is not valid yet, so nothing was read: tell the publisher, or set this host's clock (%w)", err)
	case errors.As(err, &expired):
		return fmt.Errorf("the site's certificate is not valid, so nothing was read: %w", err)
	case strings.Contains(err.Error(), "certificate required"), strings.Contains(err.Error(), "bad certificate"): // alerts 116 and 42
		return fmt.Errorf("the site wants another certificate of ours, or one at all: give the source tls: {cert_file: …, key_file: …} (%w)", err)
	case strings.Contains(err.Error(), "client conn could not be established"), // HTTP/2 hides the alert,
		errors.Is(err, syscall.EPIPE), resetWhileAsking(err): // and so does a request that is still being written
		return fmt.Errorf("the site closed the connection before it answered; it may want a certificate of ours: then give the source tls: {cert_file: …, key_file: …} (%w)", err)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"): // net/http hides the former
		return fmt.Errorf("the site does not speak TLS on this port: try http:// (%w)", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("the host refuses connections: it may be down, or the port wrong (%w)", err)
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// statusError says what a status that brings no document means for us.
func statusError(resp *http.Response, f floor, now time.Time) error {
	status := fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if !f.at.IsZero() {
		status += fmt.Sprintf("; asked to come back at %s (%s)", clock(f.at.In(now.Location()), now), f.why)
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return fmt.Errorf("%s: the site wants to know who asks; set basic_auth or headers of the source", status)
	case http.StatusForbidden:
		return fmt.Errorf("%s: the site does not let us read this; ask its owner, or set headers of the source", status)
	case http.StatusNotFound:
		return fmt.Errorf("%s: nothing is at this address; check the url", status)
	case http.StatusGone:
		return fmt.Errorf("%s: the feed was closed for good; remove the source", status)
	case http.StatusTooManyRequests:
		return fmt.Errorf("%s: the site wants fewer visits; give the source a slower schedule", status)
	}
	if resp.StatusCode < 400 {
		return fmt.Errorf("%s: an answer without a document, and without the address of one", status)
	}
	return errors.New(status)
}

func clock(at, now time.Time) string {
	if at.YearDay() == now.YearDay() {
		return at.Format("15:04")
	}
	return at.Format("2 Jan 15:04")
}

func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// origin is where in this program a panic that was recovered began.
func origin() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		if !more {
			return "place unknown"
		}
	}
}

// resetWhileAsking: the connection was closed before all of the request was read.
func resetWhileAsking(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "write" && errors.Is(err, syscall.ECONNRESET)
}
