# %% [markdown]
# # Tag the words of sentences with recurrent layers that read in both directions
#
# The tag of a word depends on its neighbors: "fish" is a noun in "the fish can swim" and a verb in
# "you can fish", and "that" needs the word to its right. The sentences come from a small grammar
# whose words are ambiguous. They differ in length: a mask tells the recurrent layers where a
# sentence ends, and the tag "-" of the padding counts neither in training nor in scores.
#
# Run `python examples/tagging.py`; it takes less than a minute on two CPU cores.

# %%
from __future__ import annotations

import numpy as np

from skconv import NeuralNet
from skconv.layers import ConcatLayer, DenseLayer, EmbeddingLayer, GRULayer, InputLayer
from skconv.preprocessing import PadSequences

WORDS = {
    "ADJ": "big dry fast light old",
    "ADP": "in like near with",
    "ADV": "daily fast well",
    "AUX": "can must will",
    "DET": "a that the this",
    "NOUN": "boat can cook dog duck fish light saw walk watch will",
    "PRON": "it that this you",
    "VERB": "can cook dry duck fish light like saw see walk watch",
}
"""The words of each tag; many words have several."""

VOCABULARY = sorted({word for words in WORDS.values() for word in words.split()})

PADDING = "-"
"""Tag of what follows the end of a sentence."""


# %%
def noun_phrase(rng: np.random.Generator) -> list[str]:
    if rng.random() < 0.35:
        return ["PRON"]
    return ["DET", *["ADJ"] * (rng.random() < 0.3), "NOUN"]


# %%
def sentence(rng: np.random.Generator) -> list[str]:
    """Return the tags of a sentence."""
    tags = noun_phrase(rng)
    if rng.random() < 0.2:
        tags += ["ADP", *noun_phrase(rng)]
    tags += [*["AUX"] * (rng.random() < 0.5), "VERB"]
    if rng.random() < 0.6:
        tags += noun_phrase(rng)
    if rng.random() < 0.4:
        tags += ["ADP", *noun_phrase(rng)]
    return [*tags, *["ADV"] * (rng.random() < 0.3)]


# %%
def make(n: int) -> tuple[list[list[int]], list[list[str]]]:
    """Return the words of n sentences, as indices of the vocabulary, and their tags."""
    rng = np.random.default_rng(0)
    tags = [sentence(rng) for _ in range(n)]
    words = [[VOCABULARY.index(rng.choice(WORDS[tag].split())) for tag in own] for own in tags]
    return words, tags


# %%
def pad_tags(tags: list[list[str]], length: int) -> np.ndarray:
    return np.array([[*own, *[PADDING] * (length - len(own))] for own in tags])


# %%
def build(epochs: int, seed: int = 0) -> NeuralNet:
    words, mask = InputLayer(name="words"), InputLayer(name="mask")
    vectors = EmbeddingLayer(words, input_size=len(VOCABULARY), output_size=16)
    forward = GRULayer(vectors, num_units=24, mask_input=mask)
    backward = GRULayer(vectors, num_units=24, mask_input=mask, backwards=True)
    return NeuralNet(
        layers=DenseLayer(ConcatLayer([forward, backward], axis=2), num_leading_axes=2),
        ignore_label=PADDING,
        update="adam",
        update_learning_rate=0.01,
        batch_iterator_train=32,
        max_epochs=epochs,
        verbose=1,
        random_state=seed,
    )


# %%
def show(words: list[int], tags: list[str], predicted: np.ndarray) -> str:
    """Return a sentence above its predicted tags, with the true tag of each mistake."""
    shown = [p if p == tag else f"{p}, not {tag}" for p, tag in zip(predicted, tags, strict=True)]
    columns = [(VOCABULARY[word], tag) for word, tag in zip(words, shown, strict=True)]
    cells = [[text.ljust(max(map(len, column))) for text in column] for column in columns]
    return "\n".join("  ".join(line).rstrip() for line in zip(*cells, strict=True))


# %%
def main(epochs: int = 12, rows: int = 1500, tested: int = 500, shown: int = 8) -> float:
    words, tags = make(rows)
    pad = PadSequences("words")
    X = pad.fit_transform(words)
    y = pad_tags(tags, X["words"].shape[1])
    net = build(epochs).fit(X[:-tested], y[:-tested])
    accuracy = net.score(X[-tested:], y[-tested:])
    print(f"\nAccuracy on the words of {tested} test sentences: {accuracy:.3f}\n")
    predicted = pad.inverse_transform(net.predict(X[-tested:]), mask=X[-tested:])
    for sentence in zip(words[-tested:], tags[-tested:], predicted[:shown], strict=False):
        print(show(*sentence), end="\n\n")
    return accuracy


# %%
if __name__ == "__main__":
    main()
