package redis

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

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
	// Patience is how long one answer may take, and half of what opening may; 0 is
	// ten seconds. A script that keeps a large batch takes a tenth of that.
	Patience time.Duration

	sentinelUser, sentinelPassword string
}

func (a Address) patience() time.Duration { return cmp.Or(a.Patience, 10*time.Second) }

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
	o := &redis.UniversalOptions{
		Username: a.User, Password: a.Password, TLSConfig: secure,
		ContextTimeoutEnabled: true, ReadTimeout: a.patience(), WriteTimeout: a.patience(), DialTimeout: a.patience() / 2, DialerRetries: 1,
		// What the servers of Redis 7.0 do not know.
		DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if scheme == "unix" {
		path, query, _ := strings.Cut(rest, "?")
		o.DB, err = number(strings.TrimPrefix(query, "db="))
		simple := o.Simple()
		simple.Network, simple.Addr = "unix", path
		return redis.NewClient(simple), err
	}
	hosts, path, _ := strings.Cut(rest, "/")
	switch scheme {
	case "redis", "rediss":
		o.Addrs = withPorts(hosts, "6379")
		o.DB, err = number(path)
		return redis.NewClient(o.Simple()), err
	case "redis+sentinel":
		master, db, _ := strings.Cut(path, "/")
		o.Addrs, o.MasterName = withPorts(hosts, "26379"), master
		o.SentinelUsername, o.SentinelPassword = a.sentinelUser, a.sentinelPassword
		o.DB, err = number(db)
		return redis.NewFailoverClient(o.Failover()), err
	case "redis+cluster":
		o.Addrs = withPorts(hosts, "6379")
		return redis.NewClusterClient(o.Cluster()), nil
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

// forbidden: the server does not let us ask.
func forbidden(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "NOPERM") || strings.HasPrefix(text, "ERR unknown command")
}
