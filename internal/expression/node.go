package expression

import "strconv"

// NodeKind is what a Node is.
type NodeKind uint8

// The kinds of nodes.
const (
	LiteralNode  NodeKind = iota // Value
	NameNode                     // Text
	VariableNode                 // Text is env, header or json; see Argument
	MemberNode                   // Nodes[0].Text
	IndexNode                    // Nodes[0][Nodes[1]]
	CallNode                     // Text(Nodes…)
	UnaryNode                    // Text Nodes[0]
	BinaryNode                   // Nodes[0] Text Nodes[1]
	ChoiceNode                   // Nodes[0] ? Nodes[1] : Nodes[2]
	ListNode                     // [Nodes…]
	ObjectNode                   // {Keys: Nodes…}
)

// Node is a parsed expression.
type Node struct {
	Kind  NodeKind
	At    int // offset in the text that was parsed
	Text  string
	Value Value
	Nodes []*Node
	Keys  []string

	// Argument is the text behind the colon of a Variable, of env up to the default.
	Argument   string
	Default    string
	HasDefault bool
	// Piped is whether a Call is written as a pipe, after its first argument.
	Piped bool
}

// Path returns the name and the members, or constant indexes, of a node such as a.b[0]. It returns
// nil for other nodes.
func (n *Node) Path() []string {
	switch n.Kind {
	case NameNode:
		return []string{n.Text}
	case MemberNode:
		if path := n.Nodes[0].Path(); path != nil {
			return append(path, n.Text)
		}
	case IndexNode:
		step, constant := n.Nodes[1].step()
		if path := n.Nodes[0].Path(); path != nil && constant {
			return append(path, step)
		}
	}
	return nil
}

// step returns the text of a constant index that counts from the beginning, or names a member.
func (n *Node) step() (string, bool) {
	if n.Kind != LiteralNode {
		return "", false
	}
	if i, ok := n.Value.Int(); ok {
		return strconv.FormatInt(i, 10), true
	}
	return n.Value.s, n.Value.kind == Text
}

// Walk calls with for the node and all below it. It does not go below a node for which with
// returns false.
func (n *Node) Walk(with func(*Node) bool) {
	if !with(n) {
		return
	}
	for _, below := range n.Nodes {
		below.Walk(with)
	}
}
