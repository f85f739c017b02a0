package fetch

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// refuseLiteral refuses a host that is a forbidden address, however it is
// written. Where we dial, the connection is judged as well; a proxy resolves what
// it is given, and many read 0x7f.1 as the C library does.
func (v *visit) refuseLiteral(u *url.URL) error {
	host := u.Hostname()
	if ascii, err := idna.Lookup.ToASCII(host); err == nil { // １２７.0.0.1 is 127.0.0.1
		host = ascii
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	// RFC 6761 6.3: such names are never asked of DNS.
	if local := host == "localhost" || strings.HasSuffix(host, ".localhost"); local && v.proxy != nil {
		host = "127.0.0.1"
	}
	ip, ok := literal(host)
	if !ok {
		return nil
	}
	return v.client.guard("tcp4", netip.AddrPortFrom(ip, 80).String(), nil)
}

// literal is the address that a host spells.
func literal(host string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), true
	}
	return inetAton(host)
}

// inetAton reads what the C library takes for IPv4: one to four numbers, decimal,
// octal or hexadecimal, the last one filling what is left (POSIX inet_addr).
func inetAton(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var ip uint64
	for i, part := range parts {
		n, ok := number(part)
		most := uint64(0xff)
		if i == len(parts)-1 {
			most = 1<<(8*(5-len(parts))) - 1
		}
		if !ok || n > most {
			return netip.Addr{}, false
		}
		shift := 24 - 8*i
		if i == len(parts)-1 {
			shift = 0
		}
		ip |= n << shift
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}

func number(s string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"):
		s, base = s[2:], 16
		if s == "" { // the C library reads a bare 0x as zero
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil
}
