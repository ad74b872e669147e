"""How the network learns: one step shown number by number, and a training that can be watched.

``Learning.answer`` takes a request and returns the reply, both plain dictionaries of what JSON
has, as ``Inside.answer`` does. The training runs in a process of its own, started by the first
request; it ends with this one. It is the tutorial's own ``train_op`` on MNIST's own batches, in
their order. Nothing is kept unless ``keep`` is asked for. Errors are InputError, one line.

Training. Each of these replies with the *progress* described below::

    begin      back to step 0. "knobs", all optional: "start": "2016", "he" or a model's name;
               "rms": 1 (2016's start of the slot) or 0; "learning_rate": 0.001;
               "p_keep_conv": 0.8; "p_keep_hidden": 0.5; "batch_size": 128 (1 to 128);
               "share": 0 (of each batch that is own digits: 0 none, 1 all); "seed": 2016
    step       "steps": 1 to 100 steps, one after the other
    play       steps without end, until "pause" (or "begin", or a minute without any request)
    pause
    progress   says only how far it is
    own        "digits": [{"source": ..., "label": 0 to 9}, ...], at most 100, in place of those
               given before; a source is {"strokes", "thickness"} or {"test"}, as for Inside
    keep       "name": keeps the weights as the run runs/NAME, which test, predict and draw take.
               The reply is {"run": "runs/NAME"}

Every request may carry "since": n, to get only the points after step n, and "source", a digit
whose estimate is wanted. The progress is::

    step, playing     steps done; whether it plays
    knobs             all of them, as they are
    costs             [[step, cost], ...]: each the cost before that step's update, in nats
    tests             [[step, train, test], ...]: the share, 0 to 1, of the first 1,000 training
                      images and of the first 1,000 test images that is right; at steps 0, 10,
                      20, ..., 100, 200, ... and whenever it is paused
    full              [step, share] of all 10,000 test images, measured when "full": true is asked
    filters           w, packed, (3, 3, 1, 32)
    probabilities     of "source": ten numbers, or null
    own               for each own digit {"label", "answer", "probability" of its label, "cost"}
    plateau           true while the cost is within 0.01 of ln 10 = 2.3026
    ms                a step's mean time in milliseconds

One step. ``backward`` shows the step to come, with the masks that it will draw; ``why`` explains
one number of it. Neither changes anything, and ``step`` then does just that::

    backward   "image": i, the digit of the batch whose columns are sent (default: 0)
               step, n, image; labels: n digits; images: packed (n, 28, 28)
               cost; costs: of each of the n images, in nats; probabilities: n lists of ten
               layers, gradients: packed, of that image, X (layers only), l1a, l1, l2a, ... py_x;
               a gradient is the derivative of the mean cost
               masks: packed, of that image, l1, l2, l3, l4: 1 is kept
               weights: of w, w2, w3, w_o {"weight", "gradient", "rms", "update"}, packed in
               the variable's shape; of w4 each as (256, 125), the strongest of blocks of 8 x 5
    why        "of": a layer ("image": i, "at": as for Inside's explain) or a weight ("at": its
               indices). Each reply has kind; value: the tape's; sum: of the products shown, in
               float64; difference: sum - value; and by its kind:

    softmax    py_x: probability, label (0 or 1), n: (probability - label) / n
    dense      l4, l3: terms, the strongest first: {"unit", "gradient", "mask", "keep", "gate",
               "weight", "product"}; others, rest: how many more there are, and their sum
    conv       l2, l1: channels, the strongest first: {"channel", "gradients", "gates", "filter",
               "products", "sum"}, 3x3 each, null outside of the map; others, rest
    pool       l3a, l2a, l1a: window: 2x2 activations; chosen: [row, column] of the largest;
               took: whether it is the one asked for; to: {"layer", "at", "gradient"}; mask; keep
    weight     w, w2, w3: terms: {"image", "at": [row, column], "input", "gradient", "gate",
               "product"}; images: the sum of each image. w4, w_o: {"image", "input", "gradient",
               "mask", "keep", "gate", "product"}. others, rest. update: {"weight", "gradient",
               "rms", "new_rms", "decay", "learning_rate", "epsilon", "change", "new_weight"}:
               new_rms = rms + (gradient^2 - rms) (1 - decay),
               change = learning_rate gradient / sqrt(new_rms + epsilon),
               new_weight = weight - change

gate is relu's: 1 where its input was above zero. mask is dropout's, keep the probability it was
drawn with; a gradient passes as gradient * mask / keep * gate. Packed arrays are those of Inside.
"""
