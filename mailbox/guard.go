package mailbox

// guard keeps from the IMAP library what it never returns from.
//
// go-imap v2 beta.8, the last version there is, takes an opening parenthesis for a
// space, and so waits at full load for the end of the spaces before a capability: a
// loop that reads nothing and that no deadline ends. No capability has a parenthesis in
// it (RFC 9051, section 9). So each one that follows the word CAPABILITY, up to the end
// of the list or of the line, becomes another character. In a mail, where it does so
// too, nothing depends on it: a code has none.
type guard struct {
	matched int  // bytes of capability that were the last to pass
	inList  bool // behind that word
}

const capability = "CAPABILITY"

// pass alters p where it must be. Its length stays the same: sizes in the stream count.
func (g *guard) pass(p []byte) {
	for i, c := range p {
		switch {
		case g.inList && c == '(':
			p[i] = '+'
		case g.inList && (c == ']' || c == '\n'):
			g.inList = false
		}
		switch c &^ 0x20 { // upper case of letters
		case capability[g.matched]:
			g.matched++
		case capability[0]:
			g.matched = 1
		default:
			g.matched = 0
		}
		if g.matched == len(capability) {
			g.matched, g.inList = 0, true
		}
	}
}
