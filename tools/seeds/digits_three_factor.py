"""prototype"""
from __future__ import annotations
import argparse, time
from dataclasses import dataclass, replace
import numpy as np
from neuroemu import library, data
from neuroemu.compiler import compile_network
from neuroemu.connect import Dense, OneToOne
from neuroemu.engine.run import Plan, run
from neuroemu.files import chip_file
from neuroemu.learning import Trace, learning
from neuroemu.network import Network, Registers, Spikes, WeightFormat

@dataclass(frozen=True)
class S:
    hidden: int = 100
    steps: int = 32
    passes: int = 6
    epoch: int = 4
    gain: float = 0.5
    teach: float = 0.5
    th_h: int = 600
    th_o: int = 600
    width_h: int = 1200
    width_o: int = 0
    decay_v: int = 400
    dsig: int = 512
    shift_h: int = 3
    shift_o: int = 3
    g: int = 8
    fb: int = 8
    rule_h: str = "2^-7*u0*x1*y3"
    rule_o: str = "2^-7*u0*x1*y3"
    imp_h: float = 8
    imp_o: float = 16
    tau: float = 8
    sd: float = 40
    seed: int = 0
    rounding: str = 'stochastic'

def net(s, w1, w2, fb, learn):
    lif = dict(decay_u=4095, decay_v=s.decay_v)
    n = (Network().population('pixels', 65, Spikes('pixels'))
      .population('hidden', s.hidden, Registers('three_factor_lif', dict(lif, threshold=s.th_h, width=s.width_h, decay_signal=s.dsig, signal_shift=s.shift_h)))
      .population('output', 10, Registers('three_factor_lif', dict(lif, threshold=s.th_o, width=s.width_o, decay_signal=s.dsig, signal_shift=s.shift_o))))
    L=lambda rule, imp: learning(rule, traces={'x1': Trace(imp, s.tau)}, epoch=s.epoch, third='model', shift=s.rounding) if learn else None
    f=WeightFormat(8, 0, 'mixed')
    n = n.connect('pixels','hidden',Dense(w1),f,name='w1',learning=L(s.rule_h,s.imp_h)).connect('hidden','output',Dense(w2),f,name='w2',learning=L(s.rule_o,s.imp_o))
    if learn:
        m=WeightFormat(8,0,'mixed',message_bits=8)
        n = (n.population('teacher',10,Spikes('teacher')).population('error',10,Registers('graded_vec'))
          .connect('teacher','error',OneToOne(2.0),f).connect('output','error',OneToOne(-2.0),f)
          .connect('error','output',OneToOne(float(s.g)),m,port='signal').connect('error','hidden',Dense(fb),m,port='signal'))
    return n

class Pix:
    def __init__(s, x, gain, steps, seed): s.x=np.c_[x*gain, np.full(len(x),gain)]; s.steps=steps; s.seed=seed; s.order=np.arange(len(x))
    def events(s, first, n):
        k,off=divmod(first-1,s.steps)
        r=np.random.default_rng((s.seed,k)).random((s.steps,65))[off:off+n]
        return np.nonzero(r < s.x[s.order[k]])
class Teach:
    def __init__(s, y, rate, steps): s.y=y; s.steps=steps; s.rate=rate
    def events(s, first, n):
        k,off=divmod(first-1,s.steps)
        t=np.arange(off+1,off+n+1); on=np.floor(t*s.rate)>np.floor((t-1)*s.rate)
        row=np.flatnonzero(on); return row, np.full(row.size, s.y[k])

def weights(tr, name, shape):
    z=tr.synapses[name]; w=np.zeros(shape); w[z.post,z.pre]=z.weight[-1]; return w

def test(s, chip, w1, w2, x, y, seed):
    im=compile_network(net(s,w1,w2,None,False),chip).image
    tr,c=run(im,Plan(s.steps,len(x),seed,{'pixels':Pix(x,s.gain,s.steps,seed+1000)},{},threads=1))
    k=im.names.index('output'); st,ix,_=tr.of(int(im.blocks.first[k]),10)
    cnt=np.zeros((len(x),10)); np.add.at(cnt,((st-1)//s.steps,ix),1)
    h=(tr.source< im.blocks.first[k]).sum() if k else 0
    kh=im.names.index('hidden'); hs,_,_=tr.of(int(im.blocks.first[kh]),s.hidden)
    return (cnt.argmax(1)==y).mean(), hs.size/len(x)/s.hidden/s.steps, cnt[np.arange(len(x)),y].mean(), (cnt.sum(1)-cnt[np.arange(len(x)),y]).mean()

def train(s, xtr, ytr, xte, yte, verbose=True):
    chip,_=chip_file.read(library.find("chips","loihi1-davies2018"))
    r=np.random.default_rng(s.seed)
    w1=2*np.round(r.normal(0,s.sd,(s.hidden,65))/2).clip(-128,127); w2=2*np.round(r.normal(0,10,(10,s.hidden))/2)
    fb=np.stack([r.permutation([-1.0,1.0]*5) for _ in range(s.hidden)])*s.fb
    im=compile_network(net(s,w1,w2,fb,True),chip).image
    ck=[None]; hist=[]
    order=np.concatenate([r.permutation(len(xtr)) for _ in range(s.passes)])
    pix=Pix(xtr,s.gain,s.steps,s.seed); pix.order=order; te=Teach(ytr[order],s.teach,s.steps)
    for p in range(s.passes):
        t=time.time()
        tr,c=run(im,Plan(s.steps,(p+1)*len(xtr),s.seed,{'pixels':pix,'teacher':te},{},threads=1,begin=ck[0],keep=lambda k: ck.__setitem__(0,k)))
        a,b=weights(tr,'w1',w1.shape),weights(tr,'w2',w2.shape)
        t1=time.time()-t
        res=test(s,chip,a,b,xte,yte,s.seed); hist.append(res[0])
        if verbose: print(p, f'{t1:.1f}s', [round(float(v),3) for v in res], 'w1',a.std().round(1),abs(a).max(),'w2',b.std().round(1),abs(b).max(), c.learned.sum((0,1)), c.overflows.sum(0), flush=True)
    return hist
