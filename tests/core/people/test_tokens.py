from core.people.tokens import HASH_LENGTH, hash_of, new_token


def test_no_token_comes_twice_and_none_needs_quoting_in_an_address():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(t) == 43 and t.replace("-", "a").replace("_", "a").isalnum() for t in tokens)


def test_a_hash_has_the_length_that_tables_keep_and_any_text_has_one():
    assert len(hash_of("\ud800 x")) == HASH_LENGTH
    assert hash_of("a") != hash_of("b")
