"""Tests of secrets in tables, SQL and XML: which cells and elements are replaced, and what around them stays."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import Redaction

MARK = "[redacted]"
REDACTION = Redaction()


@pytest.mark.parametrize(
    "changes",
    [
        {  # which lines are header rows
            "a,pin\n1,x5X": f"a,pin\n1,{MARK}",
            "pin,a\nx5X,x5X\n": f"pin,a\n{MARK},x5X\n",
            "a;pin\r\n1;x5X\r\n2;y": f"a;pin\r\n1;{MARK}\r\n2;{MARK}",
            "a\tpin\n1\tx5X": f"a\tpin\n1\t{MARK}",
            "a|pin\n1|x5X": f"a|pin\n1|{MARK}",
            "x\na,pin\n1,x5X": f"x\na,pin\n1,{MARK}",
            "log: a,pin\n1,x5X": f"log: a,pin\n1,{MARK}",
            "log:a,pin\n1,x5X": "log:a,pin\n1,x5X",
            "a,b\n1,2\nc,pin\n3,x5X": f"a,b\n1,2\nc,pin\n3,{MARK}",
            "| pin |\n| x5X |": "| pin |\n| x5X |",
            "a b,pin\n1,x5X": "a b,pin\n1,x5X",
            "a b c d|pin\n1|x5X": f"a b c d|pin\n1|{MARK}",
            "a b c d e|pin\n1|x5X": "a b c d e|pin\n1|x5X",
            '"a b","c pin"\n1,x5X': f'"a b","c pin"\n1,{MARK}',
            '"","pin"\n1,x5X': '"","pin"\n1,x5X',
            '"a,pin\n1,x5X': '"a,pin\n1,x5X',
            'ab"|pin\n1|x5X': 'ab"|pin\n1|x5X',
            '"ab|pin\n1|x5X': '"ab|pin\n1|x5X',
            "|a |  | pin |\n| 1 |  | x5X |": "|a |  | pin |\n| 1 |  | x5X |",
            "a | pin |\n1 | x5X |": f"a | pin |\n1 | {MARK} |",
            "| a | pin\n| 1 | x5X": f"| a | pin\n| 1 | {MARK}",
            "a,pin": "a,pin",
            "a,pin\n": "a,pin\n",
            f"a,pin\n1,{MARK}": f"a,pin\n1,{MARK}",
        },
        {  # which lines are rows, and where their cells end
            "a,pin\n1,x5X\n2,x5Y,z\n3,x5Z": f"a,pin\n1,{MARK}\n2,x5Y,z\n3,x5Z",
            "a,pin\n1,x5X\n\n2,x5Y": f"a,pin\n1,{MARK}\n\n2,x5Y",
            "a,pin\n1,\n2,null\n3,x5X": f"a,pin\n1,\n2,null\n3,{MARK}",
            "a,pin,b\n 1 , x5X ,2": f"a,pin,b\n 1 , {MARK} ,2",
            "pin,sig\nx,y": f"pin,sig\n{MARK},{MARK}",
            "a,pin\n2,xx\n": f"a,pin\n2,{MARK}\n",
            "a | pin\n--|--\n1 | x5X x": f"a | pin\n--|--\n1 | {MARK}",
            "| a | pin |\n|===|\n| 1 | x5X |\n| x5Y |": f"| a | pin |\n|===|\n| 1 | {MARK} |\n| x5Y |",
            "+--+--+\n| a | pin |\n+--+--+\n| 1 | x5X |\n+--+--+":
                f"+--+--+\n| a | pin |\n+--+--+\n| 1 | {MARK} |\n+--+--+",
            '"a","pin"\n"1","x5X"\n"2",x5Y\n3,"x""5,Z"\n"4","x5"Z':
                f'"a","pin"\n"1","{MARK}"\n"2",{MARK}\n3,"{MARK}"\n"4","x5"Z',
            '"a";pin\n1;"x5X"\n2; x5Y ': f'"a";pin\n1;"{MARK}"\n2; {MARK} ',
            'a,pin\n"1",""\n"2","x5X"': f'a,pin\n"1",""\n"2","{MARK}"',
            f'a,pin\n"1",{MARK}\n"2", x5X ': f'a,pin\n"1",{MARK}\n"2", {MARK} ',
            'pin,a,sig\n"x5X","1","x5Y"\r\n"null",2,y ': f'pin,a,sig\n"{MARK}","1","{MARK}"\r\n"null",2,{MARK} ',
            'a,pin\n1,"x5X\n2,x5Y': 'a,pin\n1,"x5X\n2,x5Y',
            'a,pin\n"1","x5X" \n': f'a,pin\n"1","{MARK}" \n',
            'a,pin\n"1","x5X","2"\n': 'a,pin\n"1","x5X","2"\n',
            "a,pin\n1,x5X\rz\n2,x5Y": "a,pin\n1,x5X\rz\n2,x5Y",
        },
    ],
)  # fmt: skip
def test_secret_columns_of_tables_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {
            "INSERT INTO t (a, pin) VALUES (1, 'x5X'), (2, 'x5Y')":
                f"INSERT INTO t (a, pin) VALUES (1, '{MARK}'), (2, '{MARK}')",
            "insert ignore into t (pin,a) values('x5X',1)": f"insert ignore into t (pin,a) values('{MARK}',1)",
            "INSERT INTO t (pin) VALUES (NULL), ('x'), (\"x5\"\"Y\"), (5), (f(x5))":
                f"INSERT INTO t (pin) VALUES (NULL), ('{MARK}'), (\"{MARK}\"), ({MARK}), ({MARK})",
            "INSERT INTO t (a, pin) VALUES (1, 'x5X'": f"INSERT INTO t (a, pin) VALUES (1, '{MARK}'",
            "INSERT INTO t (a, pin) VALUES (1, 'x5X": f"INSERT INTO t (a, pin) VALUES (1, '{MARK}",
            "INSERT INTO t (a, b) VALUES (1, 'x5X'); INSERT INTO t (pin) VALUES ('x5Y')":
                f"INSERT INTO t (a, b) VALUES (1, 'x5X'); INSERT INTO t (pin) VALUES ('{MARK}')",
            "xinsert into t (pin) values ('x5X')": "xinsert into t (pin) values ('x5X')",
            "REPLACE INTO [t] ([pin]) VALUE (N'x5X')": f"REPLACE INTO [t] ([pin]) VALUE (N'{MARK}')",
            f"INSERT INTO t (pin) VALUES ('{MARK}'), ('')": f"INSERT INTO t (pin) VALUES ('{MARK}'), ('')",
            "INSERT INTO t (a,pin) VALUES (,'x5X')": "INSERT INTO t (a,pin) VALUES (,'x5X')",
            "INSERT INTO t (a,pin) VALUES (1,'x5X';) (2,'x5Y')":
                f"INSERT INTO t (a,pin) VALUES (1,'{MARK}';) (2,'x5Y')",
            "INSERT INTO t (sig, a, pin) VALUES ('x', 'y', 'z'), ('x', 'y', 'z') z":
                f"INSERT INTO t (sig, a, pin) VALUES ('{MARK}', 'y', '{MARK}'), ('{MARK}', 'y', '{MARK}') z",
        },
    ],
)  # fmt: skip
def test_secret_columns_of_sql_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {  # where an element ends
            "<pin>x5X</pin>": f"<pin>{MARK}</pin>",
            "<pin></pin>": "<pin></pin>",
            "<pin>null</pin>": "<pin>null</pin>",
            "<pin><![CDATA[null]]></pin>": "<pin><![CDATA[null]]></pin>",
            f"<pin> {MARK} </pin>": f"<pin> {MARK} </pin>",
            "<pin/>x5X": "<pin/>x5X",
            "<pin />x5X<a>": "<pin />x5X<a>",
            "<a:pin>x5X</a:pin>": f"<a:pin>{MARK}</a:pin>",
            "<pin><pin>a</pin>b</pin>c": f"<pin>{MARK}</pin>c",
            "<pin><pin/>b</pin>c": f"<pin>{MARK}</pin>c",
            "<pin><b>x</b></pin>c": f"<pin>{MARK}</pin>c",
            "<pin><!-- </pin> -->x</pin>c": f"<pin>{MARK}</pin>c",
            "<pin><!----></pin>c": f"<pin>{MARK}</pin>c",
            "<pin><!-- </pin>x": f"<pin>{MARK}",
            "<pin><![CDATA[</pin>]]>x</pin>c": f"<pin>{MARK}</pin>c",
            "<pin><![CDATA[]]></pin>c": "<pin><![CDATA[]]></pin>c",
            "<pin><![CDATA[</pin>x": f"<pin>{MARK}",
            "<pin>x5X</pi": f"<pin>{MARK}",
            "<PIN>x</pin>c": f"<PIN>{MARK}",
            "<pin>x5X<\\/pin>c": f"<pin>{MARK}<\\/pin>c",
            "<pin>x<b>y</b></pin >z": f"<pin>{MARK}</pin >z",
            "<pin>x</pin><a>y</a><pin>z</pin>w": f"<pin>{MARK}</pin><a>y</a><pin>{MARK}</pin>w",
        },
        {  # names in attributes
            "<e name='pin'>x5X</e>": f"<e name='pin'>{MARK}</e>",
            '<e Key = "user pin">x5X</e>': f'<e Key = "user pin">{MARK}</e>',
            "<e xname='pin'>x5X</e>": "<e xname='pin'>x5X</e>",
            "<e title='pin'>x5X</e>": "<e title='pin'>x5X</e>",
            "<e name='age' id='pin'>x5X</e>": f"<e name='age' id='pin'>{MARK}</e>",
            "<e name='pin'/>x5X": "<e name='pin'/>x5X",
            "<e pin>x5X</e>": "<e pin>x5X</e>",
            "<div name='pin'>x5X</div>": "<div name='pin'>x5X</div>",
            "<input name=pin>x5X</input>": "<input name=pin>x5X</input>",
            f"<e b='{'z' * 985}' name='pin'>x5X</e>": f"<e b='{'z' * 985}' name='pin'>{MARK}</e>",
            f"<e b='{'z' * 986}' name='pin'>x5X</e>": f"<e b='{'z' * 986}' name='pin'>x5X</e>",
        },
        {  # an element that is named by the element before it
            "<key>pin</key><b>x5X</b>": f"<key>pin</key><b>{MARK}</b>",
            "<ns:key>pin</ns:key><b>x5X</b>": f"<ns:key>pin</ns:key><b>{MARK}</b>",
            "<Key>pin</Key><b>x5X</b>": f"<Key>pin</Key><b>{MARK}</b>",
            "<key> pin: </key><b>x5X</b>": f"<key> pin: </key><b>{MARK}</b>",
            "<key><![CDATA[pin]]></key><b>x5X</b>": f"<key><![CDATA[pin]]></key><b>{MARK}</b>",
            "<td>pin</td><td>x5X</td>": f"<td>pin</td><td>{MARK}</td>",
            "<key>pin</key><b/><c>x5X</c>": f"<key>pin</key><b/><c>{MARK}</c>",
            "<key>pin</key><key>x5X</key><a>y</a>": f"<key>pin</key><key>{MARK}</key><a>y</a>",
            "<key>pin</key><e>x5X</e><e>y</e>": f"<key>pin</key><e>{MARK}</e><e>y</e>",
            "<key>pin</key><p>x5X</p><e>y</e>": "<key>pin</key><p>x5X</p><e>y</e>",
            "<key>pin</key><br><e>x5X</e>": "<key>pin</key><br><e>x5X</e>",
            "<key>pin</other><e>x5X</e>": "<key>pin</other><e>x5X</e>",
            "<key>pin</other></key><e>x5X</e>": "<key>pin</other></key><e>x5X</e>",
            "<foo>pin</foo><e>x5X</e>": "<foo>pin</foo><e>x5X</e>",
            "<key></key><e>x5X</e> pin": "<key></key><e>x5X</e> pin",
            "<key>age</key><e>5</e><pin>x</pin>": f"<key>age</key><e>5</e><pin>{MARK}</pin>",
            f"<key>{'z ' * 48}pin</key><e>x5X</e>": f"<key>{'z ' * 48}pin</key><e>{MARK}</e>",
            f"<key>{'z ' * 48}zpin</key><e>x5X</e> pin": f"<key>{'z ' * 48}zpin</key><e>x5X</e> pin",
            f"<key>{'z ' * 48} pin</key><e>x5X</e>": f"<key>{'z ' * 48} pin</key><e>{MARK}</e>",
            f"<key>{'z ' * 49}pin</key><e>x5X</e>": f"<key>{'z ' * 49}pin</key><e>x5X</e>",
            f"<key>pin{' ' * 146}</key><e>x5X</e>": f"<key>pin{' ' * 146}</key><e>{MARK}</e>",
            f"<key>pin{' ' * 147}</key><e>x5X</e>": f"<key>pin{' ' * 147}</key><e>x5X</e>",
        },
    ],
)  # fmt: skip
def test_secret_elements_of_xml_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes
