package ion

import "github.com/ssoexchange/ssoexchange/internal/wiretext"

// Longest words of a server that are kept for people to read, in runes.
const (
	maxLabel   = 120
	maxMessage = 600
)

func (n *node) label() string { return wiretext.Line(n.str(), maxLabel) }
