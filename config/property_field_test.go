package config

import "testing"

func TestProxyURL(t *testing.T) {
	for server, want := range map[string]string{
		"proxy": "http://proxy:80", "proxy:3128": "http://proxy:3128", "https://proxy": "https://proxy:80", "[::1]": "http://[::1]:80", "http://[::1]:8": "http://[::1]:8",
	} {
		var c Config
		if bad := setProxyServer(&c, server); bad != nil {
			t.Errorf("%s: %v", server, bad)
			continue
		}
		if got := c.ProxyURL().String(); got != want {
			t.Errorf("%s: %s, want %s", server, got, want)
		}
	}
}
