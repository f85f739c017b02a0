package config

import (
	"fmt"
	"net/url"
	"strings"
)

// store reads the address by hand: several hosts with ports are no URL to the
// standard library.
func (l *loader) store(s storeSpec) Store {
	scheme, rest, found := strings.Cut(s.URL.V, ":")
	st := Store{Scheme: scheme, URL: s.URL.V, User: s.User.V, Password: l.secret(s.Password, s.PasswordFile), Prefix: oneLine(l, s.Prefix), TLS: l.certificates(s.TLS)}
	switch {
	case !found || strings.HasPrefix(rest, "\\"):
		l.fault(s.URL.place, fmt.Sprintf("%q names no kind of store", s.URL.V), "write file:"+s.URL.V+" to keep everything in that folder")
	case scheme == "file":
		l.fileStore(s, &st, rest)
	case scheme == "unix":
		st.URL = "unix://" + l.redisUser(s, &st, strings.TrimPrefix(rest, "//"))
	case redisScheme(scheme):
		l.redisStore(s, &st, rest)
	default:
		kinds := map[string]bool{"file": true, "redis": true, "rediss": true, "unix": true, "redis+sentinel": true, "redis+cluster": true}
		l.fault(s.URL.place, fmt.Sprintf("there is no store %q", scheme), instead(scheme, kinds))
	}
	return st
}

func redisScheme(s string) bool {
	return s == "redis" || s == "rediss" || s == "redis+sentinel" || s == "redis+cluster"
}

func (l *loader) fileStore(s storeSpec, st *Store, rest string) {
	path := s.URL
	path.V = strings.TrimPrefix(rest, "//")
	if strings.TrimSpace(path.V) == "" {
		l.fault(s.URL.place, "file: names no folder", "write file:data")
		return
	}
	st.Path = l.absolute(path)
	st.URL = "file:" + st.Path
}

func (l *loader) redisStore(s storeSpec, st *Store, rest string) {
	rest, ok := strings.CutPrefix(rest, "//")
	rest = l.redisUser(s, st, rest)
	hosts, path, _ := strings.Cut(rest, "/")
	if !ok || hosts == "" {
		l.fault(s.URL.place, st.Scheme+" names no host", "write "+st.Scheme+"://HOST:6379")
		return
	}
	for host := range strings.SplitSeq(hosts, ",") {
		name, port, _ := strings.Cut(host, ":")
		if strings.HasPrefix(host, "[") { // IPv6
			name, port, _ = strings.Cut(strings.TrimPrefix(host, "["), "]")
			port = strings.TrimPrefix(port, ":")
		}
		if name == "" || !goodPort(port) {
			l.fault(s.URL.place, fmt.Sprintf("%q is no host and port", host), "write HOST:6379")
		}
	}
	l.redisPath(s, st, path)
	st.URL = st.Scheme + "://" + rest
}

// redisPath is the number of the database; Sentinel has the master's name
// before it, a cluster has none.
func (l *loader) redisPath(s storeSpec, st *Store, path string) {
	path, _, _ = strings.Cut(path, "?")
	if st.Scheme == "redis+sentinel" {
		master, db, _ := strings.Cut(path, "/")
		if master == "" {
			l.fault(s.URL.place, "redis+sentinel names no master", "write redis+sentinel://HOST,HOST/MASTER/0")
		}
		path = db
	}
	if strings.Trim(path, "0123456789") != "" || st.Scheme == "redis+cluster" && strings.Trim(path, "0") != "" {
		l.fault(s.URL.place, fmt.Sprintf("%q is no number of a database", path), "write a number such as /0, or nothing")
	}
}

// redisUser takes user and password out of the address.
func (l *loader) redisUser(s storeSpec, st *Store, rest string) string {
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return rest
	}
	user, password, _ := strings.Cut(rest[:at], ":")
	if s.User.given() || s.Password.given() || s.PasswordFile.given() {
		l.fault(s.URL.place, "user and password stand here twice", "leave them out of the address")
	}
	st.User, st.Password = unescape(user), unescape(password)
	return rest[at+1:]
}

func unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}
