package mailbox_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/mailbox"
)

// mails returns those of the folder, as a server has them.
func mails(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	all := make(map[string][]byte)
	for _, f := range files {
		if all[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestMails(t *testing.T) {
	for name, data := range mails(t) {
		want := "111111"
		if name == "new-sign-on.eml" {
			want = ""
		}
		if got, err := mailbox.CodeOf(data, okta); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
		if got, err := mailbox.CodeOf(data, "noreply@example.okta.com"); got != "" || err != nil {
			t.Errorf("%s: %q, %v for another sender", name, got, err)
		}
	}
}

func TestFindCode(t *testing.T) {
	const unclear = "?"
	for text, want := range map[string]string{
		"":                               "",
		"Your code is 123456.":           "123456",
		"123456":                         "123456",
		"*123456*":                       "123456",
		"(123456)":                       "123456",
		"code:123456":                    "123456",
		"コードは123456です":                   "123456",
		"Code\u00a0\n\t 123456\n":        "123456",
		"12345 1234567 12345678":         "",
		"x123456 123456x é123456":        "",
		"1.123456 123456.5 12-123456":    "",
		"#123456 +123456 $123456 €12345": "",
		"€123456 100%123456 123456%":     "",
		"https://a.example/123456?c=654321 a123456@example.com 654321@x":                                     "",
		"see <https://a.example/123456>, code 654321":                                                        "654321",
		"123456 and once more 123456":                                                                        "123456",
		"Your code is 123456. Ticket 654321 was closed.":                                                     "123456",
		"Ticket 654321 was closed long ago, by somebody whom we do not know. Your one-time password: 123456": "123456",
		"654321 is a number. 123456 is your verification code.":                                              "123456",
		"123456 654321":                              unclear,
		"123456 is your code for ticket 654321":      unclear,
		"Your code\nTicket 654321\n123456":           unclear,
		"code 123456, code 654321":                   unclear,
		strings.Repeat("1 ", 1000):                   "",
		strings.Repeat("word ", 1<<14) + "123456":    "", // too far down
		"1 2 3 123456 " + strings.Repeat("a", 1<<17): "123456",
		numbers(100) + " your code is 123456":        "", // a list
		"Ihre Nummer 654321\nIhr Einmalcode 123456":  "123456",
		"Ваш код: 123456, заказ 654321":              "123456",
		"验证码：123456，订单号：654321":                      "123456",
	} {
		got, clear := mailbox.FindCode(text)
		if !clear && got == "" {
			got = unclear
		}
		if got != want {
			t.Errorf("%.60q: %q, want %q", text, got, want)
		}
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%06d ", i*7919+100000)
	}
	return b.String()
}

// A mail is of whom its one From field names, and of nobody else.
func TestSender(t *testing.T) {
	for header, want := range map[string]string{
		"From: noreply@okta.com":                                     okta,
		"from: Okta <NoReply@OKTA.com>\r\n":                          okta,
		"From: =?utf-8?q?Okta?=\r\n <noreply@okta.com>\r\n\r\n":      okta,
		"From: \"noreply@okta.com\" <eva@example.com>":               "eva@example.com",
		"From: noreply@okta.com <eva@example.com>":                   "",
		"From: noreply@okta.com, eva@example.com":                    "",
		"From: noreply@okta.com\r\nFrom: eva@example.com":            "",
		"From: group: noreply@okta.com;":                             okta,
		"From: noreply@okta.com.example.com":                         "noreply@okta.com.example.com",
		"From: noreply@okta.com\x00":                                 "",
		"Sender: noreply@okta.com\r\nReply-To: noreply@okta.com\r\n": "",
		"": "",
	} {
		if got := mailbox.Sender([]byte(header)); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// A mail that is all structure takes neither long nor much.
func TestMonsters(t *testing.T) {
	head := "From: " + okta + "\r\n"
	var deep strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for name, mail := range map[string]string{
		"deep":        head + deep.String() + "Content-Type: text/plain\r\n\r\ncode 123456",
		"many parts":  head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 50_000) + "--b\r\n\r\ncode 123456",
		"long header": head + "X: " + strings.Repeat("y", 1<<20) + "\r\n\r\ncode 123456",
		"no boundary": head + "Content-Type: multipart/mixed\r\n\r\n--\r\n\r\ncode 123456",
		"open tags":   head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<style>", 100_000) + "code 123456",
		"one tag":     head + "Content-Type: text/html\r\n\r\n<" + strings.Repeat("a", 1<<20),
		"digits":      head + "\r\n" + strings.Repeat("1", 1<<20),
		"all numbers": head + "\r\n" + numbers(100_000),
	} {
		began := time.Now()
		if got, err := mailbox.CodeOf([]byte(mail), okta); got != "" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

var sixDigits = regexp.MustCompile(`^([0-9]{6})?$`)

func FuzzMail(f *testing.F) {
	for _, data := range mails(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := mailbox.CodeOf(data, okta)
		if !sixDigits.MatchString(got) || err != nil && got != "" {
			t.Errorf("%q, %v", got, err)
		}
		if got != "" && mailbox.Sender(data) == "" && len(data) < 1<<10 && !strings.Contains(string(data), "\r\n\r\n") {
			t.Errorf("a code in a mail of nobody: %q", data)
		}
	})
}

// FuzzServer plays a server that says whatever it likes.
func FuzzServer(f *testing.F) {
	f.Add([]byte(hello + "T1 OK [CAPABILITY IMAP4rev1 IDLE] x\r\n* 3 EXISTS\r\n* OK [UIDNEXT 10] x\r\nT2 OK x\r\nT3 OK x\r\n* SEARCH 9\r\nT4 OK x\r\n* 1 FETCH (UID 9 INTERNALDATE \"21-Nov-2026 10:00:00 +0000\" BODY[HEADER.FIELDS (FROM)]<0> {26}\r\nFrom: noreply@okta.com\r\n\r\n)\r\nT5 OK x\r\n"))
	f.Add([]byte("* PREAUTH [CAPABILITY IMAP4rev2] x\r\nT1 NO x\r\n"))
	f.Add([]byte(hello + "+ eyJzdGF0dXMiOiI0MDEifQ==\r\nT1 BAD Invalid base64\r\n* BYE\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := mailbox.New(mailbox.Config{URL: parse("imap://ana@localhost"), Password: secret(password),
			Dial: func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					go theirs.Write(data)
					theirs.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
					for buf := make([]byte, 4096); ; {
						if _, err := theirs.Read(buf); err != nil {
							return
						}
					}
				}()
				return ours, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Check(t.Context()); err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Error(err)
		}
	})
}
