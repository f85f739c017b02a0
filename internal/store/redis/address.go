package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// An Address is where a site's Redis is, and how to get in.
type Address struct {
	// URL is redis://HOST/DB, rediss:// for TLS, unix://PATH?db=DB,
	// redis+sentinel://HOST,HOST/MASTER/DB or redis+cluster://HOST,HOST, without
	// user and password.
	URL            string
	User, Password string
	// Prefix parts sites that share a Redis; "" is aggregator.
	Prefix string
	// PEM files, "" for none: whom to trust beside the system's, and what to show.
	CAFile, CertFile, KeyFile string
}

// String is the address without secrets.
func (a Address) String() string { return a.URL }

func (a Address) prefix() string {
	if a.Prefix == "" {
		return defaultPrefix
	}
	return a.Prefix
}

// client makes the client of the kind that the address names. It dials nothing.
func (a Address) client() (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(a.URL, "://")
	secure, err := a.tls(scheme == "rediss")
	if err != nil {
		return nil, err
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled} // older servers know none
	if scheme == "unix" {
		path, query, _ := strings.Cut(rest, "?")
		db, err := number(strings.TrimPrefix(query, "db="))
		return redis.NewClient(&redis.Options{
			Network: "unix", Addr: path, DB: db, Username: a.User, Password: a.Password,
			DisableIdentity: true, MaintNotificationsConfig: quiet, ContextTimeoutEnabled: true, ReadTimeout: patience, WriteTimeout: patience, TLSConfig: secure,
		}), err
	}
	hosts, path, _ := strings.Cut(rest, "/")
	addresses := withPorts(hosts, map[bool]string{true: "26379", false: "6379"}[scheme == "redis+sentinel"])
	switch scheme {
	case "redis", "rediss":
		db, err := number(path)
		return redis.NewClient(&redis.Options{
			Addr: addresses[0], DB: db, Username: a.User, Password: a.Password,
			DisableIdentity: true, MaintNotificationsConfig: quiet, ContextTimeoutEnabled: true, ReadTimeout: patience, WriteTimeout: patience, TLSConfig: secure,
		}), err
	case "redis+sentinel":
		master, number0, _ := strings.Cut(path, "/")
		db, err := number(number0)
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: master, SentinelAddrs: addresses, DB: db, Username: a.User, Password: a.Password,
			DisableIdentity: true, ContextTimeoutEnabled: true, ReadTimeout: patience, WriteTimeout: patience, TLSConfig: secure,
		}), err
	case "redis+cluster":
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: addresses, Username: a.User, Password: a.Password,
			DisableIdentity: true, MaintNotificationsConfig: quiet, ContextTimeoutEnabled: true, ReadTimeout: patience, WriteTimeout: patience, TLSConfig: secure,
		}), nil
	}
	return nil, fmt.Errorf("%q is no address of a Redis", a.URL)
}

func number(db string) (int, error) {
	if db == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(db)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of a database", db)
	}
	return n, nil
}

func withPorts(hosts, port string) (all []string) {
	for host := range strings.SplitSeq(hosts, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		all = append(all, host)
	}
	return all
}

// tls is nil where nothing asks for it: certificates do, for sentinels and
// clusters too.
func (a Address) tls(wanted bool) (*tls.Config, error) {
	if !wanted && a.CAFile == "" && a.CertFile == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		if c.RootCAs, err = x509.SystemCertPool(); err != nil {
			c.RootCAs = x509.NewCertPool()
		}
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls: %s holds no certificate", a.CAFile)
		}
	}
	if a.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// explain says what to do about the errors that people meet.
func explain(err error) error {
	text := err.Error()
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	advice := ""
	switch {
	case errors.As(err, &dns):
		advice = "there is no such host: look at the name in `store`"
	case errors.As(err, &unknown):
		advice = "its certificate is signed by nobody we trust: name its authority in `tls: {ca_file: …}`"
	case errors.As(err, &name):
		advice = "its certificate is for another name: write the name that stands in it"
	case errors.As(err, &record):
		advice = "it speaks no TLS: write redis:// for rediss://"
	case strings.HasPrefix(text, "WRONGPASS"), strings.Contains(text, "invalid username-password"):
		advice = "wrong user or password: look at `user` and `password_file` of the store"
	case strings.HasPrefix(text, "NOAUTH"):
		advice = "it wants a password: write `password_file` for the store"
	case strings.HasPrefix(text, "ERR invalid DB index"), strings.HasPrefix(text, "ERR DB index"):
		advice = "it has no database of that number"
	case strings.HasPrefix(text, "OOM"):
		advice = "it is full (maxmemory): give it more, or shorten `retain`"
	case strings.Contains(text, "all sentinels specified in configuration are unreachable"):
		advice = "no sentinel is in reach, or none knows a master of that name"
	case strings.Contains(text, "cluster support disabled"):
		advice = "it is no cluster: write redis:// for redis+cluster://"
	case strings.HasPrefix(text, "MOVED"):
		advice = "it is a node of a cluster: write redis+cluster:// for redis://"
	case strings.Contains(text, "connection refused"):
		advice = "nothing listens there: is it running, and is the port right?"
	case strings.HasPrefix(text, "NOPERM"):
		advice = "the user may not do that: it needs ~{PREFIX}* and +@all but admin commands"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		advice = "it does not answer"
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, advice)
}

// forbidden: the server does not let us ask.
func forbidden(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "NOPERM") || strings.HasPrefix(text, "ERR unknown command")
}
