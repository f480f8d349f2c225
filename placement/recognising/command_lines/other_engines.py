"""Command lines of Text Generation Inference, TensorRT-LLM, Ollama, llama.cpp, KServe's server, Dynamo, Ray and more.

Text Generation Inference 3.3 (launcher/src/main.rs), TensorRT-LLM 1.2 (trtllm-serve), Ollama (envconfig/config.go),
llama.cpp (common/arg.cpp), KServe 0.16 (python/huggingfaceserver), Dynamo 1.6 (components/src/dynamo), Ray 2,
Infinity 0.0.77 (infinity_emb/cli.py), faster-whisper-server and Speaches (their config.py).
"""

from dataclasses import replace

from placement.recognising.command_lines import sglang, vllm
from placement.recognising.command_lines.options import Grammar, Meaning, options

TGI = Grammar(
    options(
        {
            Meaning.MODEL: "--model-id",
            Meaning.REVISION: "--revision",
            Meaning.TENSOR_PARALLEL: "--num-shard",
            Meaning.SHARDED: "--sharded?",
            Meaning.MAX_LENGTH: "--max-total-tokens",
            Meaning.MEMORY_SHARE: "--cuda-memory-fraction",
            Meaning.QUANTIZATION: "--quantize",
            Meaning.DTYPE: "--dtype",
            Meaning.KV_CACHE_DTYPE: "--kv-cache-dtype",
            Meaning.SPECULATION: "--speculate",
        },
        switches="--trust-remote-code --json-output --disable-custom-kernels --disable-grammar-support --env",
    ),
    env_prefix="",
)

_TRTLLM = {
    Meaning.SERVED_NAME: "--served-model-name",
    Meaning.REVISION: "--revision --hf-revision",
    Meaning.TENSOR_PARALLEL: "--tp-size --tensor-parallel-size",
    Meaning.PIPELINE_PARALLEL: "--pp-size --pipeline-parallel-size",
    Meaning.PREFILL_CONTEXT_PARALLEL: "--cp-size --context-parallel-size",
    Meaning.EXPERT_PARALLEL: "--ep-size --moe-expert-parallel-size --expert-parallel-size",
    Meaning.MAX_LENGTH: "--max-seq-len",
    Meaning.MEMORY_SHARE: "--kv-cache-free-gpu-memory-fraction --free-gpu-memory-fraction",
    Meaning.KV_CACHE_DTYPE: "--kv-cache-dtype",
    Meaning.CONFIG_FILE: "--extra-llm-api-options --config --extra-engine-args",
}
TRTLLM = Grammar(
    options({Meaning.MODEL: "--model", **_TRTLLM}, "--host --port --backend", "--trust-remote-code"), takes_model=True
)

OLLAMA = Grammar(
    takes_model=True,
    env={"OLLAMA_CONTEXT_LENGTH": Meaning.MAX_LENGTH, "OLLAMA_KV_CACHE_TYPE": Meaning.KV_CACHE_DTYPE},
)

LLAMA_CPP = Grammar(
    options(
        {
            Meaning.MODEL: "--model -m --hf-repo -hf -hfr --model-url -mu --hf-model-repo-id",
            Meaning.SERVED_NAME: "--alias -a --model-alias",
            Meaning.MAX_LENGTH: "--ctx-size -c --n-ctx",
            Meaning.KV_CACHE_DTYPE: "--cache-type-k -ctk",
            Meaning.SPECULATION: "--model-draft -md --hf-repo-draft",
        }
    ),
    env_prefix="LLAMA_ARG_",
)

INFINITY = Grammar(
    options(
        {
            Meaning.MODEL: "--model-id",
            Meaning.SERVED_NAME: "--served-model-name",
            Meaning.REVISION: "--revision",
            Meaning.DTYPE: "--dtype",
        },
        "--port --host --url-prefix --engine --batch-size --device --pooling-method",
    ),
    env_prefix="INFINITY_",
)
FASTER_WHISPER = Grammar(env={"WHISPER__MODEL": Meaning.MODEL, "WHISPER__COMPUTE_TYPE": Meaning.QUANTIZATION})

HUGGINGFACE = Grammar(
    (
        *vllm.OPTIONS,
        *options(
            {
                Meaning.MODEL: "--model-id --model",
                Meaning.MODEL_DIRECTORY: "--model-dir",
                Meaning.SERVED_NAME: "--model-name",
                Meaning.REVISION: "--model-revision",
                Meaning.MAX_LENGTH: "--max-model-len --max-length",
            },
            "--backend --task --predictor-config",
        ),
    ),
    abbreviates=True,
)

DYNAMO_VLLM = replace(vllm.MODULE, abbreviates=False, env_prefix="DYN_VLLM_")
DYNAMO_SGLANG = Grammar(sglang.OPTIONS, env_prefix="DYN_SGLANG_")
DYNAMO_TRTLLM = Grammar(
    options({Meaning.MODEL: "--model-path --model", **_TRTLLM}, "--override-engine-args"), env_prefix="DYN_TRTLLM_"
)

RAY = Grammar(options({}, "--address --num-gpus --num-cpus --port --resources", "--head --block"))
