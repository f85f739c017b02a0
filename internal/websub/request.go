package websub

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxForm     = 16 << 10 // bytes of a request
	maxCallback = 2048     // bytes of an address
	maxSecret   = 200      // WebSub 5.1: less than that
)

// Leases that subscribers get.
const (
	usualLease = 10 * 24 * time.Hour
	leastLease = time.Hour
	mostLease  = 30 * 24 * time.Hour
)

// A request is what somebody asks of our hub.
type request struct {
	mode     string // subscribe, unsubscribe or publish
	topic    string
	callback string
	secret   string
	lease    time.Duration
}

// A refusal is an answer that says no, as a sentence.
type refusal struct {
	status int
	says   string
}

func (r *refusal) Error() string { return r.says }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// parseRequest reads the form of WebSub 5.1. Parameters that it does not know
// mean nothing. The error is a *refusal.
func parseRequest(form url.Values) (request, error) {
	r := request{mode: form.Get("hub.mode"), topic: form.Get("hub.topic"), callback: form.Get("hub.callback"), secret: form.Get("hub.secret")}
	switch r.mode {
	case "publish":
		return r, nil
	case "subscribe", "unsubscribe":
	default:
		return r, refuse(http.StatusBadRequest, "hub.mode is %.40q: write subscribe or unsubscribe.", r.mode)
	}
	if err := checkCallback(r.callback); err != nil {
		return r, err
	}
	if r.topic == "" {
		return r, refuse(http.StatusBadRequest, "hub.topic is missing: write the rel=self address of one of our feeds.")
	}
	if len(r.secret) >= maxSecret {
		return r, refuse(http.StatusBadRequest, "hub.secret is %d bytes long: it must be shorter than %d (WebSub 5.1).", len(r.secret), maxSecret)
	}
	lease, err := leaseOf(form.Get("hub.lease_seconds"))
	r.lease = lease
	return r, err
}

func checkCallback(callback string) error {
	u, err := url.Parse(callback)
	switch {
	case callback == "":
		return refuse(http.StatusBadRequest, "hub.callback is missing: write the address that is to be told.")
	case len(callback) > maxCallback:
		return refuse(http.StatusBadRequest, "hub.callback is longer than %d bytes.", maxCallback)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return refuse(http.StatusBadRequest, "hub.callback is no http or https address.")
	case u.User != nil:
		return refuse(http.StatusBadRequest, "hub.callback holds a user or password: put what is secret into its path or query.")
	case strings.Contains(callback, "#"):
		return refuse(http.StatusBadRequest, "hub.callback has a fragment (#), which no server is ever sent.")
	}
	return nil
}

// leaseOf is the lease that is given to who asks for so many seconds.
func leaseOf(seconds string) (time.Duration, error) {
	if seconds == "" {
		return usualLease, nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 {
		return 0, refuse(http.StatusBadRequest, "hub.lease_seconds is %.40q: write a number of seconds.", seconds)
	}
	if n == 0 { // what older subscribers write for "as you like"
		return usualLease, nil
	}
	return min(max(time.Duration(min(n, int64(mostLease/time.Second)))*time.Second, leastLease), mostLease), nil
}

// ask is the callback with parameters of ours behind its own, which stay as they
// are (WebSub 5.3.1).
func ask(callback string, params url.Values) string {
	sep := "?"
	if strings.Contains(callback, "?") {
		sep = "&"
	}
	return callback + sep + params.Encode()
}

// form is pairs of name and value.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}
