package canon

import (
	"net/url"
	"strings"
)

// hidden stands for a secret.
const hidden = "***"

// Public is an address fit to be shown to everybody: the password is left out,
// and so are the values of query parameters that sound like keys. Feeds for
// members are often found at ?token=….
func Public(address string) string {
	if u, err := url.Parse(address); err == nil {
		if _, has := u.User.Password(); has {
			address = strings.Replace(address, u.User.String()+"@", url.User(u.User.Username()).String()+":"+hidden+"@", 1)
		}
	}
	path, query, found := strings.Cut(address, "?")
	if !found {
		return address
	}
	query, fragment, framed := strings.Cut(query, "#")
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		if key, value, _ := strings.Cut(p, "="); value != "" && soundsSecret(key) {
			pairs[i] = key + "=" + hidden
		}
	}
	address = path + "?" + strings.Join(pairs, "&")
	if framed {
		address += "#" + fragment
	}
	return address
}

func soundsSecret(key string) bool {
	key = strings.ToLower(key)
	for _, part := range [...]string{"key", "token", "secret", "pass", "auth", "sig"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
