//! What their derivatives are.

use super::{Elementary, Function};

/// What a derivative is: that decides how few passes over memory it takes.
pub(crate) enum Derivative<E> {
    /// 0 everywhere.
    Zero,
    /// A function of x.
    OfX(Function),
    /// A function of the value there.
    OfValue(Function),
    /// Anything else.
    Formula(E),
}

impl Function {
    /// The derivative at x, where y is the value there; it is asked for only where it is needed.
    pub(crate) fn derivative<E: Elementary>(self, x: E, y: impl FnOnce() -> E) -> Derivative<E> {
        use Derivative::{Formula, OfValue, OfX, Zero};
        match self {
            Self::Exp => Formula(y()),
            Self::ExpM1 => OfX(Self::Exp),         // not y + 1, which cancels far below 0
            Self::OneMExpM => Formula((-x).exp()), // not 1 - y, which cancels far above 0
            Self::ExpM1Mx => OfX(Self::ExpM1),
            Self::XExpMExpM1 => Formula(x * x.exp()),
            Self::ScaledExp(c) => Formula(y().scale(c)),
            Self::ScaledExpM1(c) => OfX(Self::ScaledExp(c)),
            // eˣ (e⁽ᵃ⁻¹⁾ˣ − 1)/(a − 1) = eᵃˣ (e⁽¹⁻ᵃ⁾ˣ − 1)/(1 − a): the first where x > 0 or a > 1, the second where x < 0 or a > 0, lest a factor
            // overflow.
            Self::AlphaGenerator(a) if a >= 1.0 => Formula(x.exp() * x.scaled_exp_m1(a - 1.0)),
            Self::AlphaGenerator(a) if a >= 0.0 => Formula(x.scaled_exp(a) * x.scaled_exp_m1(1.0 - a)),
            Self::AlphaGenerator(a) => {
                let right = x.relu();
                let left = x - right;
                let of_left = left.scaled_exp(a) * left.scaled_exp_m1(1.0 - a);
                Formula(right.exp() * right.scaled_exp_m1(a - 1.0) + of_left)
            }
            Self::Ln => OfX(Self::RecipOrZero),
            Self::Ln1p => Formula(x.shift(1.0).recip_or_zero()),
            Self::ScaledLn1p(c) => Formula(x.scale(c).shift(1.0).recip_or_zero()),
            Self::LnMixExp(weights) => OfX(Self::MixSigmoid(weights)),
            Self::LnCosh => OfX(Self::Tanh),
            Self::Softplus => OfValue(Self::OneMExpM),
            Self::MixSigmoid([one, exp]) => Formula(y() * (-x).mix_sigmoid([exp, one])),
            Self::Sqrt => Formula(y().recip_or_zero().scale(0.5)),
            Self::Square => Formula(x.scale(2.0)),
            Self::Recip | Self::RecipOrZero => Formula(-y().square()),
            Self::Tanh => OfValue(Self::OneMSquare),
            Self::OneMSquare => Formula(x.scale(-2.0)),
            Self::Sigmoid => OfX(Self::SigmoidSlope), // not y (1 - y), which cancels far above 0
            Self::SigmoidSlope => Formula(-(y() * x.scale(0.5).tanh())),
            Self::Abs => OfX(Self::Sign),
            Self::Relu => OfValue(Self::Step(0.0)),
            // The value is positive where x is, unless the slope is negative.
            Self::LeakyRelu(slope) if slope >= 0.0 => OfValue(Self::Step(slope)),
            Self::LeakyRelu(slope) => OfX(Self::Step(slope)),
            Self::Elu(alpha) => OfX(Self::EluSlope(alpha)), // not y + alpha, which cancels far below 0
            Self::EluSlope(_) => Formula(y() * (-x).step(0.0)),
            Self::NormalPdf => Formula(-(x * y())),
            Self::NormalCdf => OfX(Self::NormalPdf),
            Self::Sin => OfX(Self::Cos),
            Self::Cos => Formula(-x.sin()),
            Self::Clamp(interval) => OfX(Self::Inside(interval)),
            Self::Sign | Self::Step(_) | Self::Inside(_) | Self::Indicator(_) => Zero,
        }
    }

    /// Is the derivative a function of the value? Then nobody needs x any more.
    pub(crate) fn derives_from_value(self) -> bool {
        matches!(self.derivative(0.0, || 0.0), Derivative::OfValue(_))
    }
}
