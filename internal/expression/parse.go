package expression

import (
	"fmt"
	"strconv"
	"strings"
)

// maxNesting is the largest nesting depth of an expression.
const maxNesting = 50

// parser parses tokens by precedence climbing.
type parser struct {
	lexer
	token token
	depth int
	open  int // brackets that are open
}

// binary operators and their precedence
var precedence = map[string]int{
	"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

func (p *parser) wrong(t token, format string, args ...any) error {
	return &Error{Offset: t.at, Text: fmt.Sprintf(format, args...)}
}

// unexpected reports the token after a complete expression.
func (p *parser) unexpected(before *Node) error {
	wrong := &Error{Offset: p.token.at, Text: fmt.Sprintf("unexpected %s after the end of the expression", p.found())}
	switch {
	case p.token.kind == ":" && before.Kind == NameNode:
		wrong.Text = before.Text + " takes no argument"
		wrong.Hint = "names with one are " + strings.Join(variables[:], ", ")
	case p.token.kind == ":" && before.Kind == VariableNode && before.Text == "env":
		wrong.Hint = fmt.Sprintf("a default is written env:%s:-text", before.Argument)
	}
	return wrong
}

// expect consumes a token of that kind.
func (p *parser) expect(kind string) error {
	if p.token.kind != kind {
		return p.wrong(p.token, "expected %q, found %s", kind, p.found())
	}
	return p.advance()
}

func (p *parser) found() string {
	if p.token.kind == "" {
		return "the end"
	}
	return strconv.Quote(p.token.text)
}

// deeper counts a level of nesting. The caller defers p.depth--.
func (p *parser) deeper() error {
	if p.depth++; p.depth > maxNesting {
		return p.wrong(p.token, "nested deeper than %d", maxNesting)
	}
	return nil
}

// pipeline: choice ("|" name ["(" arguments ")"])*
func (p *parser) pipeline() (*Node, error) {
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	n, err := p.choice()
	for err == nil && p.token.kind == "|" {
		n, err = p.pipe(n)
	}
	return n, err
}

// pipe parses a pipe and the function behind it, which gets n as its first argument.
func (p *parser) pipe(n *Node) (*Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	name := p.token
	if name.kind != "name" {
		return nil, p.wrong(name, "expected the name of a function after |, found %s", p.found())
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	call := &Node{Kind: CallNode, At: name.at, Text: name.text, Nodes: []*Node{n}, Piped: true}
	if p.token.kind == "(" {
		more, err := p.list("(", ")")
		if err != nil {
			return nil, err
		}
		call.Nodes = append(call.Nodes, more...)
	}
	return call, nil
}

// choice: binary ["?" pipeline ":" choice]
func (p *parser) choice() (*Node, error) {
	condition, err := p.binary(1)
	if err != nil || p.token.kind != "?" {
		return condition, err
	}
	at := p.token.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	yes, err := p.pipeline()
	if err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	no, err := p.choice()
	if err != nil {
		return nil, err
	}
	return &Node{Kind: ChoiceNode, At: at, Nodes: []*Node{condition, yes, no}}, nil
}

func (p *parser) binary(least int) (*Node, error) {
	left, err := p.unary()
	for err == nil {
		op := p.token
		level, known := precedence[op.kind]
		if !known || level < least {
			return left, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		var right *Node
		if right, err = p.binary(level + 1); err == nil {
			left = &Node{Kind: BinaryNode, At: op.at, Text: op.kind, Nodes: []*Node{left, right}}
		}
	}
	return nil, err
}

func (p *parser) unary() (*Node, error) {
	op := p.token
	if op.kind != "-" && op.kind != "!" {
		return p.postfix()
	}
	defer func() { p.depth-- }()
	if err := p.deeper(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.unary()
	return &Node{Kind: UnaryNode, At: op.at, Text: op.kind, Nodes: []*Node{n}}, err
}

// postfix: primary ("." member | "[" pipeline "]")*
func (p *parser) postfix() (*Node, error) {
	n, err := p.primary()
	for err == nil {
		switch p.token.kind {
		case ".":
			n, err = p.member(n)
		case "[":
			at := p.token.at
			var items []*Node
			if items, err = p.list("[", "]"); err == nil && len(items) != 1 {
				return nil, &Error{Offset: at, Text: "expected one index between [ and ]"}
			}
			n = &Node{Kind: IndexNode, At: at, Nodes: append([]*Node{n}, items...)}
		default:
			return n, nil
		}
	}
	return nil, err
}

// member parses the name behind a dot, which is the current token.
func (p *parser) member(of *Node) (*Node, error) {
	name, err := p.lexer.member()
	if err != nil {
		return nil, err
	}
	if name.kind != "name" {
		p.token = name
		return nil, p.wrong(name, "expected the name of a member after the dot, found %s", p.found())
	}
	return &Node{Kind: MemberNode, At: name.at, Text: name.text, Nodes: []*Node{of}}, p.advance()
}

func (p *parser) primary() (*Node, error) {
	t := p.token
	switch t.kind {
	case "number":
		v, err := wholeOrFloat(t.text)
		if err != nil {
			return nil, p.wrong(t, "the number %s is out of range", t.text)
		}
		return &Node{Kind: LiteralNode, At: t.at, Value: v}, p.advance()
	case "text":
		return &Node{Kind: LiteralNode, At: t.at, Value: OfText(t.text)}, p.advance()
	case "(":
		items, err := p.list("(", ")")
		if err == nil && len(items) != 1 {
			err = &Error{Offset: t.at, Text: "expected one value between ( and )"}
		}
		if err != nil {
			return nil, err
		}
		return items[0], nil
	case "[":
		items, err := p.list("[", "]")
		return &Node{Kind: ListNode, At: t.at, Nodes: items}, err
	case "{":
		return p.object()
	case "name":
		return p.name()
	}
	return nil, p.wrong(t, "expected a value, found %s", p.found())
}

// wholeOrFloat returns the value of digits with an optional fraction.
func wholeOrFloat(text string) (Value, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return OfInt(n), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return OfFloat(f), err
}

// variables are the names that take an argument behind a colon.
var variables = [...]string{"env", "header", "json"}

// name parses a constant, a variable with an argument, a call, or a name.
func (p *parser) name() (*Node, error) {
	t := p.token
	for _, v := range variables {
		// "json:" at the end is the whole document; "{json: 1}" is a member.
		if rest := p.src[p.pos:]; v == t.text && strings.HasPrefix(rest, ":") && (len(rest) == 1 || !space(rest[1])) {
			return p.variable(t)
		}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.text {
	case "null":
		return &Node{Kind: LiteralNode, At: t.at}, nil
	case "true", "false":
		return &Node{Kind: LiteralNode, At: t.at, Value: OfBool(t.text == "true")}, nil
	}
	if p.token.kind == "(" {
		arguments, err := p.list("(", ")")
		return &Node{Kind: CallNode, At: t.at, Text: t.text, Nodes: arguments}, err
	}
	return &Node{Kind: NameNode, At: t.at, Text: t.text}, nil
}

// variable parses name:argument. The lexer is at the colon.
func (p *parser) variable(t token) (n *Node, err error) {
	p.pos++
	n = &Node{Kind: VariableNode, At: t.at, Text: t.text}
	if t.text != "env" {
		n.Argument, err = p.argument(p.open > 0)
	} else {
		n.Argument = p.lexer.variable()
		if n.Argument == "" {
			return nil, &Error{Offset: p.pos, Text: "env: names no variable", Hint: "write env:NAME or env:NAME:-default"}
		}
		if strings.HasPrefix(p.src[p.pos:], ":-") {
			p.pos += 2
			n.HasDefault = true
			n.Default, err = p.argument(p.open > 0)
		}
	}
	if err != nil {
		return nil, err
	}
	return n, p.advance()
}

// list parses pipelines, separated by commas, between two brackets.
func (p *parser) list(opening, closing string) ([]*Node, error) {
	p.open++
	if err := p.expect(opening); err != nil {
		return nil, err
	}
	var items []*Node
	for p.token.kind != closing {
		item, err := p.pipeline()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if p.token.kind != "," {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	p.open--
	return items, p.expect(closing)
}

func (p *parser) object() (*Node, error) {
	n := &Node{Kind: ObjectNode, At: p.token.at}
	p.open++
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	for p.token.kind != "}" {
		key := p.token
		if key.kind != "name" && key.kind != "text" {
			return nil, p.wrong(key, "expected the name of a member, found %s", p.found())
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		item, err := p.pipeline()
		if err != nil {
			return nil, err
		}
		n.Keys, n.Nodes = append(n.Keys, key.text), append(n.Nodes, item)
		if p.token.kind != "," {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	p.open--
	return n, p.expect("}")
}
