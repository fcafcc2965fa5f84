package mailbox

// What is tested by itself.
var (
	CodeOf   = codeOf
	FindCode = findCode
	Sender   = sender
)
