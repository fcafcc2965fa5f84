package mfa_test

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// rfcSeed is the key of RFC 6238, appendix B: 20, 32 or 64 bytes of "1234567890…".
func rfcSeed(bytes int) string {
	return base32.StdEncoding.EncodeToString([]byte(strings.Repeat("1234567890", 7)[:bytes]))
}

func TestSeedVectors(t *testing.T) {
	for _, tt := range []struct {
		algorithm string
		bytes     int
		unix      int64
		want      string
	}{
		{"SHA1", 20, 59, "94287082"}, {"SHA256", 32, 59, "46119246"}, {"SHA512", 64, 59, "90693936"},
		{"SHA1", 20, 1111111109, "07081804"}, {"SHA256", 32, 1111111109, "68084774"}, {"SHA512", 64, 1111111109, "25091201"},
		{"SHA1", 20, 2000000000, "69279037"}, {"SHA256", 32, 2000000000, "90698825"}, {"SHA512", 64, 2000000000, "38618901"},
		{"SHA1", 20, 20000000000, "65353130"}, {"SHA256", 32, 20000000000, "77737706"}, {"SHA512", 64, 20000000000, "47863826"},
	} {
		s, err := mfa.ParseSeed("otpauth://totp/Acme:ana?digits=8&algorithm=" + tt.algorithm + "&secret=" + rfcSeed(tt.bytes))
		if err != nil {
			t.Fatal(err)
		}
		if code, step := s.At(time.Unix(tt.unix, 0)); code != tt.want || step != tt.unix/30 {
			t.Errorf("%s at %d: %s (step %d), want %s", tt.algorithm, tt.unix, code, step, tt.want)
		}
	}
}

func TestParseSeed(t *testing.T) {
	// The first code of RFC 4226 appendix D with a step of 30 s: counter 1.
	const at, six, eight = 59, "287082", "94287082"
	key := rfcSeed(20) // GEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJQ
	for _, tt := range []struct{ name, in, want string }{
		{"base32", key, six},
		{"lower case", strings.ToLower(key), six},
		{"groups of four", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", six},
		{"hyphens and a line break", "GEZD-GNBV-GY3T-QOJQ-\nGEZDGNBVGY3TQOJQ\n", six},
		{"padding", base32.StdEncoding.EncodeToString([]byte("12345678901234567890")) + "====", six},
		{"address", "otpauth://totp/Okta:ana%40example.com?secret=" + key + "&issuer=Okta", six},
		{"address in capitals", " OTPAUTH://TOTP/x?secret=" + key + " ", six},
		{"address with a pasted key", "otpauth://totp/x?secret=gezd+gnbv+gy3t+qojq+gezd+gnbv+gy3t+qojq", six},
		{"eight digits", "otpauth://totp/x?digits=8&period=30&secret=" + key, eight},
		{"algorithm in lower case", "otpauth://totp/x?algorithm=sha1&secret=" + key, six},
		{"period", "otpauth://totp/x?period=59&secret=" + key, six},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := mfa.ParseSeed(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if code, _ := s.At(time.Unix(at, 0)); code != tt.want {
				t.Errorf("code %s, want %s", code, tt.want)
			}
		})
	}
}

func TestParseSeedRefuses(t *testing.T) {
	key := rfcSeed(20)
	for _, in := range []string{
		"", "   ", "123456", "234567", "23456723", "GEZDGNBVGY1", "GEZDGNBVGY3TQOJ0" + key, "ABCDEFGHABCDEFGHA", "é" + key, "ſ" + key,
		key + "!", strings.Repeat("A", 5000),
		"otpauth://", "otpauth://totp/x", "otpauth://totp/x?secret=", "otpauth://hotp/x?counter=1&secret=" + key,
		"otpauth://totp/x?secret=" + key + "&period=0", "otpauth://totp/x?secret=" + key + "&period=-1",
		"otpauth://totp/x?secret=" + key + "&period=3600", "otpauth://totp/x?secret=" + key + "&period=abc",
		"otpauth://totp/x?secret=" + key + "&digits=5", "otpauth://totp/x?secret=" + key + "&digits=9", "otpauth://totp/x?secret=" + key + "&digits=x",
		"otpauth://totp/x?secret=" + key + "&algorithm=MD5", "otpauth://totp/x?secret=" + key + "&algorithm=SHA3",
		"otpauth://totp/x?secret=" + key + "&encoder=steam", "otpauth://totp/%zz?secret=" + key,
		"https://example.com/?secret=" + key,
	} {
		s, err := mfa.ParseSeed(in)
		if !errors.Is(err, autherr.ErrConfig) || s != nil {
			t.Errorf("ParseSeed(%q) = %v, %v; want a configuration error", in, s, err)
			continue
		}
		if strings.Contains(err.Error(), key) || len(in) > 5 && strings.Contains(err.Error(), strings.TrimSpace(in)) {
			t.Errorf("error quotes the seed: %v", err)
		}
	}
}

func TestSeedSteps(t *testing.T) {
	s, err := mfa.ParseSeed("otpauth://totp/x?period=60&secret=" + rfcSeed(20))
	if err != nil {
		t.Fatal(err)
	}
	if s.Step() != time.Minute {
		t.Errorf("Step = %v", s.Step())
	}
	a, n := s.At(time.Unix(120, 0))
	b, m := s.At(time.Unix(179, 999_999_999))
	c, o := s.At(time.Unix(180, 0))
	if a != b || n != 2 || m != 2 || o != 3 || a == c {
		t.Errorf("%s %d, %s %d, %s %d", a, n, b, m, c, o)
	}
	if _, n := s.At(time.Unix(-1, 0)); n != -1 {
		t.Errorf("step before 1970 is %d", n)
	}
}

func FuzzParseSeed(f *testing.F) {
	seeds := []string{
		rfcSeed(20), "gezd gnbv gy3t qojq", "GEZD-GNBV-GY3T-QOJQ", "otpauth://totp/Okta:ana?secret=" + rfcSeed(20) + "&issuer=Okta&digits=6&period=30&algorithm=SHA1",
		"otpauth://hotp/x?counter=1&secret=A", "otpauth:", "%", "123456",
	}
	for _, s := range seeds {
		f.Add(s, int64(59))
	}
	f.Fuzz(func(t *testing.T, in string, unix int64) {
		s, err := mfa.ParseSeed(in)
		if err != nil {
			if !errors.Is(err, autherr.ErrConfig) {
				t.Errorf("%v has no kind", err)
			}
			return
		}
		code, step := s.At(time.Unix(unix%1e11, 0))
		again, same := s.At(time.Unix(unix%1e11, 1))
		if n := len(code); n < 6 || n > 8 || strings.Trim(code, "0123456789") != "" || again != code || same != step {
			t.Errorf("code %q at %d, then %q", code, step, again)
		}
	})
}
