"""What a vision-language model is asked, whoever runs it: the kind of edit, a better wording, a judgement.

`asking` puts a question and takes the liking for certain letters and digits out of the answer; `classifying`,
`rewriting` and `judging` are the three questions. All of them raise `EngineError` when the model fails: whoever asks
decides without it.
"""
